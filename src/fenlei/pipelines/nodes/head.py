"""One head on features that are there."""

from __future__ import annotations

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.learning import Trained, way
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.one_head import HeadParams, learn_head
from fenlei.pipelines.reference import Features
from fenlei.pipelines.words import Words


def _way(params: HeadParams, ctx: NodeContext) -> str:
    return way()


@node(
    "train.head",
    version=1,
    family=Family.TRAIN,
    icon="vector-triangle",
    title=Words("Head on features", "特征分类头"),
    help=Words(
        "Learns one head on features of a backbone. Several of them on the same features tell which kind suits the "
        "pictures; the network runs once for all.",
        "在已有特征上训练一个分类头。可用同一份特征对比多种分类头，网络只需运行一次。",
    ),
    outside=_way,
    whole_machine=True,
    example={"head": "svm"},
)
def head(features: Features, *, params: HeadParams, ctx: NodeContext) -> Trained:
    """Learn one head on features."""
    return learn_head(ctx, features.split, features.backbone, params)
