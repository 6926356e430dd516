"""The training pictures that are nearest to a picture decide what it is, on the features of one backbone."""

from __future__ import annotations

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.learning import Trained, kept, learn, way
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.one_head import AimParams, ViewParams, head_of, shown_as
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Split
from fenlei.pipelines.words import Words


class CountParams(Params):
    """How many decide."""

    neighbours: int | None = param(
        None,
        title=Words("Neighbours", "近邻数"),
        help=Words(
            "How many of the nearest pictures vote, the nearer the more; empty: from 1 to 50, chosen by folds of the "
            "training part.",
            "参与投票的最近图片数，越近权重越大；留空则由训练集的交叉验证在 1 到 50 之间选定。",
        ),
        ge=1,
        le=1000,
    )


class NeighboursParams(ViewParams, AimParams, CountParams):
    """How many decide, on which backbone."""


def _way(params: NeighboursParams, ctx: NodeContext) -> str:
    return way(params.backbone or ctx.backbone)


@node(
    "train.neighbours",
    version=1,
    family=Family.TRAIN,
    icon="affiliate",
    title=Words("Nearest neighbours", "最近邻"),
    help=Words(
        "Keeps the features of all training pictures in the model; the ones most like a picture, by the angle between "
        "their features, vote what it is. Nothing is fitted, so that classes may be of any shape. The model grows with "
        "the pictures, to at most 256 MiB. The test part judges it in the end.",
        "模型中保存全部训练图片的特征；按特征夹角与待测图片最相近的图片投票决定类别。没有拟合过程，类别的形状不受限制。"
        "模型随图片数增大，最多 256 MiB。最后由测试集评判。",
    ),
    outside=_way,
    whole_machine=True,
    example={"neighbours": 5},
)
def neighbours(split: Split, *, params: NeighboursParams, ctx: NodeContext) -> Trained:
    """Let the nearest pictures vote."""
    setting = {} if params.neighbours is None else {"neighbours": float(params.neighbours)}
    backbone = params.backbone or ctx.backbone
    candidate = head_of(ctx, shown_as(split, params), backbone, "neighbours", **setting)
    return kept(ctx, learn(ctx, split, goal="fast", seed=params.seed, aim=params.aim, only=candidate))
