"""Put pictures into parts: those that are learned from, and those that judge."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from fenlei.datasets.found import Part
from fenlei.datasets.split import stratified_split
from fenlei.datasets.version_content import VersionContent, VersionEntry, content_of
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.pictures import content, split_of, together
from fenlei.pipelines.reference import Images, Split
from fenlei.pipelines.words import Words

JUDGING = (Part.TEST.value, Part.VALIDATION.value)
"""Parts of which the first that is there judges; see `training.division`."""

_MOST_HELD = 0.95
"""Share of the pictures that may be held out in all."""


class SplitParams(Params):
    """How large the parts are that are not learned from."""

    divide: Literal["here", "in training"] = param(
        "here",
        title=Words("Divide", "划分时机"),
        help=Words(
            "`here`, so that the same pictures judge everything that follows; or `in training`, as automated projects "
            "do: parts that the data set has stand, and where it has none each training holds out a share by itself "
            "and learns from all pictures in the end. Nodes that judge need the parts, so they follow the former.",
            "here：在此划分，之后各节点都用同一批图片评判；in training：与自动项目一致，沿用数据集已有的划分；"
            "若没有，则由训练自行留出一部分评判，最后再用全部图片训练。评判类节点需要已划分的图片，只能接在前者之后。",
        ),
    )
    test: float = param(
        0.2,
        title=Words("Test part", "测试集比例"),
        help=Words(
            "Share of each class that judges and is learned from by nothing.", "每个类别中只用于评判的图片比例。"
        ),
        ge=0.02,
        le=0.9,
    )
    validation: float = param(
        0.0,
        title=Words("Validation part", "验证集比例"),
        help=Words(
            "Share of each class that is neither learned from nor judges: nodes choose by it, such as Calibrate and "
            "Optimise. 0: none. Training needs none, it chooses by folds of the training part; so, at 0, pictures that "
            "the data set has in a validation part are learned from where there is a test part too, and judge where "
            "there is none.",
            "每个类别中既不参与训练也不参与评判的图片比例，供校准、优化等节点做选择；0 表示没有。"
            "训练本身用训练集的交叉验证做选择，不需要验证集：因此为 0 时，若数据集另有测试集，其验证集图片会用于训练；"
            "若没有测试集，则由验证集评判。",
        ),
        ge=0,
        le=0.5,
    )
    keep: bool = param(
        True,
        title=Words("Keep parts", "保留已有划分"),
        help=Words(
            "Where the data set says of pictures in which part they are, that stands; a validation part that is wanted "
            "and that it does not have is taken from the training part.",
            "若数据集已有划分，则沿用；需要而数据集没有的验证集从训练集中划出。",
        ),
    )
    seed: int = param(
        0,
        title=Words("Seed", "随机种子"),
        help=Words("Another seed, another choice.", "种子不同，划分也不同。"),
        ge=0,
        le=2**31 - 1,
    )


@node(
    "data.split",
    version=1,
    family=Family.DATA,
    icon="split",
    title=Words("Split", "数据拆分"),
    help=Words(
        "Holds pictures of each class out to judge the model by, and, where that is wanted, others to choose by; no "
        "node learns from either. Copies of a picture, and pictures of one group, stay on one side. Pictures without a "
        "label are left aside.",
        "从每个类别中留出图片用于评判模型，需要时再留出一部分供选择之用；两者都不参与训练。"
        "同一图片的副本和同组图片总在同一侧。未标注的图片会被忽略。",
    ),
    example={"test": 0.2, "validation": 0.2, "seed": 7},
)
def split(images: Images, *, params: SplitParams, ctx: NodeContext) -> Split:
    """Divide pictures into a part to learn from, one that judges, and perhaps one to choose by."""
    found = content(ctx, images)
    if params.divide == "in training":
        return _as_they_are(ctx, images, found, params)
    entries = [entry for entry in found.entries if entry.label is not None]
    if not entries:
        raise PipelineError("No picture has a label, so there is nothing to learn. Label some first.")
    if params.test + params.validation > _MOST_HELD:
        raise PipelineError(
            f"The test part and the validation part take {params.test + params.validation:.0%} of the pictures "
            f"together; at most {_MOST_HELD:.0%} leaves something to learn from."
        )
    if params.keep and any(entry.split in (Part.TEST, Part.VALIDATION) for entry in entries):
        divided = _kept(entries, ctx, wanted=params.validation > 0)
    else:
        learning = [entry._replace(split=Part.TRAIN.value) for entry in entries]
        divided = _held(learning, params.test, Part.TEST, params.seed)
    if params.validation and all(entry.split != Part.VALIDATION for entry in divided):
        left = sum(entry.split == Part.TRAIN for entry in divided)
        divided = _held(divided, params.validation * len(divided) / left, Part.VALIDATION, params.seed)
    return split_of(ctx, content_of(found.labels, divided))


def _as_they_are(ctx: NodeContext, images: Images, found: VersionContent, params: SplitParams) -> Split:
    """The very manifest, so that training sees what it would see of the data set."""
    if params.validation:
        raise PipelineError("A validation part is put aside where pictures are divided here, not in training.")
    parts = Counter(entry.split for entry in found.entries if entry.split is not None and entry.label is not None)
    judged = any(part in parts for part in JUDGING)
    return Split(
        digest=images.digest,
        labels=images.labels,
        parts=dict(sorted(parts.items())),
        held_out=None if judged else params.test,
    )


def _kept(entries: list[VersionEntry], ctx: NodeContext, *, wanted: bool) -> list[VersionEntry]:
    """The parts that the data set brings. Pictures that came later are in none yet; they are learned from, so that no
    figure is spoilt."""
    parts = {entry.split for entry in entries}
    becomes = {Part.TEST.value: Part.TEST.value}
    if Part.TEST not in parts:
        becomes[Part.VALIDATION] = Part.TEST.value if wanted else Part.VALIDATION.value
    elif wanted:
        becomes[Part.VALIDATION] = Part.VALIDATION.value
    elif Part.VALIDATION in parts:
        count = sum(entry.split == Part.VALIDATION for entry in entries)
        ctx.log(f"{count} pictures of the data set's validation part are learned from, since no such part is wanted")
    kept = [entry._replace(split=becomes.get(entry.split or "", Part.TRAIN.value)) for entry in entries]
    if all(entry.split != Part.TRAIN for entry in kept):
        raise PipelineError(
            "Every picture is in a part that judges, so there is none to learn from. Do not keep the parts, or put "
            "pictures into `train`."
        )
    return kept


def _held(entries: list[VersionEntry], share: float, part: Part, seed: int) -> list[VersionEntry]:
    """A share of each class of the training part put into this part.

    Raises:
        PipelineError: none can be.
    """
    learning = [entry for entry in entries if entry.split == Part.TRAIN]
    numbers = [int(entry.label or 0) for entry in learning]
    held = stratified_split(numbers, together(learning), min(share, _MOST_HELD), seed)
    if not held.any():
        raise PipelineError(
            "In every class all pictures are copies of one picture or of one group, so none can be held out. Add "
            "pictures that differ."
        )
    names = {entry.name for entry, out in zip(learning, held, strict=True) if out}
    return [entry._replace(split=part.value) if entry.name in names else entry for entry in entries]
