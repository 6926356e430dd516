"""Which pictures somebody should look at again, as training found them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

import msgspec

from fenlei.modelfile import ModelFile, read
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.learning import learn, way
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.opened import file_of
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.pictures import content
from fenlei.pipelines.reference import Model, Report, Split
from fenlei.pipelines.words import Words
from fenlei.training.suspect import LABEL, OUTLIER, TWIN, Suspect

if TYPE_CHECKING:
    from fenlei.training import report

_REPORT = "report.json"


class SuspectsParams(Params):
    """Which are listed."""

    evidence: Literal["any", "label", "twin", "outlier"] = param(
        "any",
        title=Words("Evidence", "依据"),
        help=Words(
            "`label`: the scores speak for another class; `twin`: the same picture is there under another class; "
            "`outlier`: far from all others.",
            "label：得分更支持其他类别；twin：同一图片也属于其他类别；outlier：与其他图片都相距很远。",
        ),
    )
    most: int = param(
        1000,
        title=Words("At most", "最多列出"),
        help=Words("How many are listed, the most suspicious first.", "列出多少张，最可疑的在前。"),
        ge=1,
        le=1000,
    )


class Suspects(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures that somebody should look at again.

    Attributes:
        pictures: of the split.
        looked_at: of those, how many training has looked at under the class that they have now.
        suspicious: how many are suspect by any evidence, among those that training lists.
        label: of those, whose scores speak for another class.
        twin: that are there under another class as well.
        outlier: that are far from all others.
        settled: suspects of the training that are not in the split any more, or are under another class by now.
        suspects: that were asked for, the most suspicious first.
    """

    pictures: int
    looked_at: int
    suspicious: int
    label: int
    twin: int
    outlier: int
    settled: int
    suspects: list[Suspect]


def _way(params: SuspectsParams, ctx: NodeContext) -> str:
    """Without a model one is learned."""
    return way(ctx.backbone)


@node(
    "judge.suspects",
    version=1,
    family=Family.JUDGE,
    icon="eye-question",
    title=Words("Suspects", "可疑图片"),
    help=Words(
        "Pictures whose class may be wrong, that are there under two classes, or that resemble no other, with what "
        "speaks against each. Taken from the training of the model; without a model a quick one is learned for it.",
        "列出类别可能有误、同图异类或与众不同的图片及其依据。取自模型的训练过程；未接入模型时会先快速训练一个。",
    ),
    outside=_way,
    whole_machine=True,
    example={"most": 100},
)
def suspects(model: Model | None, split: Split, *, params: SuspectsParams, ctx: NodeContext) -> Report:
    """Name the pictures that training finds suspicious."""
    if model is None:
        made = learn(ctx, split, goal="fast", backbone=ctx.backbone, size=split.size, policy=split.policy)
        trained, file = made.report, made.model
    else:
        with file_of(ctx, model) as path:
            file = read(path)
            trained = _report(file)
    found = _held_against(ctx, split, trained, file, params)
    counts = {"label": found.label, "twin": found.twin, "outlier": found.outlier}
    headline = {"suspects": found.suspicious, **counts, "looked_at": found.looked_at, "pictures": found.pictures}
    return Report(digest=ctx.blobs.put(msgspec.json.encode(found)), about="suspects", headline=headline)


def _report(file: ModelFile) -> report.Report:
    from fenlei.training.report import from_json

    data = file.report.get(_REPORT)
    if data is None:
        raise PipelineError(
            "This model carries no report of its training, so nothing is known of its pictures. Take the model away to "
            "have them looked at."
        )
    return from_json(data)


def _held_against(
    ctx: NodeContext, split: Split, trained: report.Report, file: ModelFile, params: SuspectsParams
) -> Suspects:
    """What training found, of the pictures of the split as they are now."""
    from fenlei.training.picture_list import DIGITS, FILE, read_list

    held = content(ctx, split)
    now = {(entry.sha256, held.label_of(entry)): entry.name for entry in held.entries}
    seen = {(each.digest, each.label) for each in read_list(file.report[FILE])} if FILE in file.report else set()
    # A picture may be called otherwise here than where the model was made.
    open_ = [
        msgspec.structs.replace(each, name=now[each.sha256, each.label], thumbnail=None)
        for each in trained.suspects
        if (each.sha256, each.label) in now
    ]
    counts = Counter(reason for each in open_ for reason in each.reasons)
    wanted = [each for each in open_ if params.evidence in ("any", *each.reasons)]
    return Suspects(
        pictures=len(held.entries),
        looked_at=sum((entry.sha256[:DIGITS], held.label_of(entry)) in seen for entry in held.entries),
        suspicious=len(open_),
        label=counts[LABEL],
        twin=counts[TWIN],
        outlier=counts[OUTLIER],
        settled=len(trained.suspects) - len(open_),
        suspects=wanted[: params.most],
    )
