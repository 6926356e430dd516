"""One head of one kind on one backbone, without a search."""

from __future__ import annotations

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.learning import Trained, way
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.one_head import HeadParams, ViewParams, learn_head, shown_as
from fenlei.pipelines.reference import Split
from fenlei.pipelines.words import Words


class LinearParams(ViewParams, HeadParams):
    """Which head on which backbone."""


def _way(params: LinearParams, ctx: NodeContext) -> str:
    return way(params.backbone or ctx.backbone)


@node(
    "train.linear",
    version=1,
    family=Family.TRAIN,
    icon="vector",
    title=Words("Linear head", "线性分类头"),
    help=Words(
        "Learns one head on the features of one backbone: what is chosen here, and nothing is searched for. The test "
        "part judges it in the end.",
        "在一个骨干网络的特征上训练一个分类头：按此处的选择进行，不做搜索，最后由测试集评判。",
    ),
    outside=_way,
    whole_machine=True,
    example={"head": "prototypes"},
)
def linear(split: Split, *, params: LinearParams, ctx: NodeContext) -> Trained:
    """Learn one head on one backbone."""
    return learn_head(ctx, shown_as(split, params), params.backbone or ctx.backbone, params)
