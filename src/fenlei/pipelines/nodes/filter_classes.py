"""Keep some classes, or leave some out."""

from __future__ import annotations

from typing import Literal

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.pictures import content, images_of, only
from fenlei.pipelines.reference import Images
from fenlei.pipelines.words import Words


class FilterParams(Params):
    """Which classes are kept."""

    classes: list[str] = param(
        ...,
        title=Words("Classes", "类别"),
        help=Words("Names of classes, as the data set has them.", "数据集中的类别名称。"),
        min_length=1,
        max_length=10_000,
    )
    keep: Literal["these", "all others"] = param(
        "these",
        title=Words("Keep", "保留"),
        help=Words("Whether these classes are kept, or all others.", "保留所列类别，还是保留其余类别。"),
    )
    unlabelled: bool = param(
        False,
        title=Words("Keep unlabelled pictures", "保留未标注的图片"),
        help=Words("Pictures without a label are of no class.", "未标注的图片不属于任何类别。"),
    )


@node(
    "data.filter",
    version=1,
    family=Family.DATA,
    icon="filter",
    title=Words("Filter classes", "筛选类别"),
    help=Words(
        "Keeps the pictures of some classes, or those of all others.", "只保留某些类别的图片，或保留其余类别的图片。"
    ),
    example={"classes": ["cat", "dog"]},
)
def filter_classes(images: Images, *, params: FilterParams, ctx: NodeContext) -> Images:
    """Keep pictures by their class."""
    found = content(ctx, images)
    absent = [name for name in params.classes if name not in found.labels]
    if absent:
        there = f"there are {', '.join(found.labels)}" if found.labels else "none has a label"
        raise PipelineError(f"There is no class {absent[0]!r} among the pictures; {there}.")
    named = {found.labels.index(name) for name in params.classes}
    wanted = named if params.keep == "these" else set(range(len(found.labels))) - named
    return images_of(
        ctx, only(found, lambda entry: params.unlabelled if entry.label is None else entry.label in wanted)
    )
