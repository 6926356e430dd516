"""Leave out pictures that spoil training or its figures: copies, contradictions, and what cannot be read."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from fenlei.contract.limits import MIN_SIDE
from fenlei.datasets.checking import Seen, Survey
from fenlei.datasets.checking.looker import File
from fenlei.datasets.duplicates import find_duplicates
from fenlei.datasets.looking import HOW, look_at
from fenlei.pipelines.cleaning import Cleaner
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.learning import as_it_is
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.pictures import content, images_of, only
from fenlei.pipelines.reference import Images, Report
from fenlei.pipelines.words import Words
from fenlei.store import NotFound
from fenlei.store.errors import DamagedBlob

_LOOKED = 0.5
"""Share of the work that is done when every picture was looked at, where they are compared too."""


class CleanParams(Params):
    """What is left out. Pictures that cannot be read always are."""

    copies: bool = param(
        True,
        title=Words("Leave copies out", "去除重复图片"),
        help=Words("Of pictures that are equal to the last pixel, keep one.", "像素完全相同的图片只保留一张。"),
    )
    two_labels: Literal["none", "first", "most", "all"] = param(
        "none",
        title=Words("Copies under two classes", "同图异类时保留"),
        help=Words(
            "Which of equal pictures under different classes are kept: `none`; the `first` by name; those of the class "
            "that has `most` of them, or none where no class has; or `all`.",
            "同一张图片属于不同类别时保留哪些：none 全部去除；first 按名称保留第一张；most 保留占多数的类别，"
            "没有多数则全部去除；all 全部保留。",
        ),
    )
    near_copies: bool = param(
        True,
        title=Words("Leave near copies out", "去除近似重复"),
        help=Words(
            "Of pictures that were made of one another (saved again, resized, cropped, mirrored, relit), keep one. "
            "Those under two classes stay, and the report names them.",
            "经重新保存、缩放、裁剪、镜像或调光得到的近似图片只保留一张；类别不同的会保留并在报告中列出。",
        ),
    )
    blank: bool = param(
        False,
        title=Words("Leave blank pictures out", "去除空白图片"),
        help=Words("Pictures of one colour, on which there is nothing to see.", "画面单一、没有内容的图片。"),
    )
    least_side: int = param(
        MIN_SIDE,
        title=Words("Least side in pixels", "最小边长（像素）"),
        help=Words(
            f"Pictures with a shorter side are left out. Below {MIN_SIDE} none can be predicted.",
            f"短边小于该值的图片会被去除。短边小于 {MIN_SIDE} 像素的图片无法用于预测。",
        ),
        ge=1,
        le=4096,
    )


class Cleaned(NamedTuple):
    """What is left, and what was left out."""

    images: Images
    report: Report


def _way(params: CleanParams, ctx: NodeContext) -> str:
    """How pictures are looked at, and by which backbone they are compared."""
    return f"{HOW} {as_it_is(ctx.backbone)}" if params.near_copies else HOW


@node(
    "data.clean",
    version=1,
    family=Family.DATA,
    icon="brush",
    title=Words("Clean", "数据清洗"),
    help=Words(
        "Leaves out pictures that cannot be read, too small ones, copies, near copies, and copies under two classes. "
        "The report names each of them and says why.",
        "去除无法读取的、过小的、重复的、近似重复的以及同图异类的图片。报告会逐一列出并说明原因。",
    ),
    outside=_way,
    whole_machine=True,
    example={"two_labels": "most", "least_side": 40},
)
def clean(images: Images, *, params: CleanParams, ctx: NodeContext) -> Cleaned:
    """Leave pictures out, and say which and why."""
    found = content(ctx, images)
    cleaner = Cleaner(found)
    cleaner.survey = replace(cleaner.survey, looks=_looks(cleaner.survey, params, ctx))
    cleaner.unreadable()
    cleaner.too_small(params.least_side)
    if params.blank:
        cleaner.blank()
    if params.two_labels != "all":
        cleaner.two_labels(params.two_labels)
    if params.copies:
        cleaner.copies()
    if params.near_copies:
        cleaner.survey = replace(cleaner.survey, near=_near(cleaner.survey, ctx))
        cleaner.near_copies()
    told = cleaner.told()
    for reason, count in told.reasons.items():
        ctx.log(f"{reason}: {count} left out")
    kept = {each.name for each in cleaner.survey.pictures}
    left = images_of(ctx, only(found, lambda entry: entry.name in kept))
    headline = {"pictures": told.pictures, "kept": told.kept, **told.reasons, "undecided": len(told.undecided)}
    return Cleaned(left, Report(digest=ctx.blobs.put(msgspec.json.encode(told)), about="cleaning", headline=headline))


def _looks(survey: Survey, params: CleanParams, ctx: NodeContext) -> dict[str, Seen]:
    """Every file decoded to its last pixel, by its digest."""
    files = list(dict.fromkeys(each.sha256 for each in survey.pictures))
    gone: dict[str, str] = {}

    def read(sha256: str) -> bytes:
        try:
            return ctx.blobs.get(sha256)
        except (NotFound, DamagedBlob) as exc:
            gone[sha256] = str(exc)
            return b""

    share = _LOOKED if params.near_copies else 1.0
    looks: dict[str, Seen] = {}
    for batch in look_at(files, read, ctx.cancelled):
        looks.update((key, Seen(gone[key], None, None) if key in gone else seen) for key, seen in batch)
        ctx.progress("looking at pictures", share * len(looks) / len(files))
    ctx.check()
    return looks


def _near(survey: Survey, ctx: NodeContext) -> dict[str, int]:
    """The group of pictures made of one another, by the digest of each file.

    Raises:
        PipelineError: no backbone is here to compare them by.
    """
    from fenlei.backbones.errors import BackboneError
    from fenlei.training.errors import TrainingError
    from fenlei.training.looker import look_at_files

    def progress(done: int, total: int) -> None:
        # None at all where the cache knows every picture.
        ctx.progress("comparing pictures", _LOOKED + (1 - _LOOKED) * (done / total if total else 1.0))

    names = {each.sha256: each.name for each in reversed(survey.pictures)}
    files = [File(name, sha256, partial(ctx.blobs.get, sha256)) for sha256, name in names.items()]
    if len(files) < 2:
        return {}
    try:
        seen = look_at_files(
            files, progress, ctx.cancelled, cache=ctx.cache, engine=ctx.engine, backbone=ctx.backbone
        )  # fmt: skip
    except (BackboneError, TrainingError) as exc:
        raise PipelineError(
            f"Near copies cannot be looked for here: {exc} Without `near_copies` the rest is cleaned."
        ) from exc
    ctx.check()
    if seen is None or not len(seen.index):
        return {}
    digests = [files[number].sha256 for number in seen.index.tolist()]
    groups = find_duplicates([bytes.fromhex(each) for each in digests], list(seen.prints), np.asarray(seen.features))
    return dict(zip(digests, groups.group_of.tolist(), strict=True))
