"""Pictures of a data set of the platform."""

from __future__ import annotations

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.pictures import images_of
from fenlei.pipelines.reference import Images
from fenlei.pipelines.words import Words


class DatasetParams(Params):
    """Which data set, and as it was when."""

    dataset: str = param(
        ...,
        title=Words("Data set", "数据集"),
        help=Words(
            "Name or id of a data set of the platform that runs the graph or, where it runs elsewhere, of the one "
            "that one is signed in to.",
            "平台上某个数据集的名称或 ID：即运行该图的平台；若在别处运行，则为当前登录的平台。",
        ),
        min_length=1,
        max_length=200,
    )
    version: int | None = param(
        None,
        title=Words("Version", "版本"),
        help=Words(
            "Number of one of its versions; empty: as it is when the graph runs, which is kept as a version.",
            "数据集版本号；留空则使用运行时的内容，并将其保存为一个版本。",
        ),
        ge=1,
        le=2**31 - 1,
    )


def _state(params: DatasetParams, ctx: NodeContext) -> str:
    return ctx.reach.dataset(params.dataset, params.version).digest


@node(
    "data.dataset",
    version=1,
    family=Family.DATA,
    icon="database",
    title=Words("Data set", "数据集"),
    help=Words(
        "Pictures of a data set of the platform, with the labels and parts that they have there. Pictures without a "
        "label are among them.",
        "读取平台数据集中的图片及其标签和划分；未标注的图片也包含在内。",
    ),
    outside=_state,
    example={"dataset": "photos"},
)
def dataset(*, params: DatasetParams, ctx: NodeContext) -> Images:
    """Refer to the pictures of a data set."""
    held = ctx.reach.dataset(params.dataset, params.version)
    ctx.log(f"{held.name}, version {held.version}")
    return images_of(ctx, held.content(ctx))
