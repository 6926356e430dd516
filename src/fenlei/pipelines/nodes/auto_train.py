"""Training by itself: a search within a budget, as automated projects have it."""

from __future__ import annotations

from typing import Literal

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.learning import Trained, kept, learn, way
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Split
from fenlei.pipelines.words import Words


class AutoTrainParams(Params):
    """What is wanted, and how long it may take."""

    goal: Literal["fast", "balanced", "accurate"] = param(
        "balanced",
        title=Words("Goal", "目标"),
        help=Words("Quick answers, right answers, or both.", "更快、更准，或兼顾。"),
    )
    budget: float | None = param(
        None,
        title=Words("Budget in seconds", "时间预算（秒）"),
        help=Words(
            "How long to search; empty: a fixed list, and the same model each time.",
            "搜索的时长；留空则尝试固定的候选，每次得到同一个模型。",
        ),
        gt=0,
        le=30 * 24 * 3600,
    )
    aim: Literal["accuracy", "balanced accuracy", "macro-F1"] | None = param(
        None,
        title=Words("Figure to raise", "优化指标"),
        help=Words("Empty: the sizes of the classes decide.", "留空则由各类别的大小决定。"),
    )
    backbone: str | None = param(
        None,
        title=Words("Backbone", "骨干网络"),
        help=Words("This one only; empty: the goal chooses.", "只使用该网络；留空则由目标决定。"),
        min_length=1,
        max_length=300,
    )
    fine_tune: bool = param(
        True,
        title=Words("Fine-tune", "微调网络"),
        help=Words("With a budget that suffices, train the network itself too.", "预算足够时也训练网络本身。"),
    )
    seed: int = param(
        0,
        title=Words("Seed", "随机种子"),
        help=Words(
            "Same seed, same pictures, same machine: same model, unless there is a budget.",
            "种子、图片、机器都相同时模型相同（有预算时除外）。",
        ),
        ge=0,
        le=2**31 - 1,
    )


def _way(params: AutoTrainParams, ctx: NodeContext) -> str:
    """Another way of learning is another result, and so is what stands in for the goal's backbone."""
    return way(params.backbone or ctx.backbone)


@node(
    "train.auto",
    version=1,
    family=Family.TRAIN,
    icon="wand",
    title=Words("AutoTrain", "自动训练"),
    help=Words(
        "Tries backbones, sizes and heads within the budget and keeps the best by folds of the training part. The test "
        "part judges it in the end.",
        "在预算内尝试多种网络、尺寸和分类头，用训练集的交叉验证选出最好的，最后由测试集评判。",
    ),
    outside=_way,
    whole_machine=True,
    example={"goal": "fast"},
)
def auto_train(split: Split, *, params: AutoTrainParams, ctx: NodeContext) -> Trained:
    """Search for the best model of these pictures."""
    made = learn(
        ctx,
        split,
        goal=params.goal,
        budget=params.budget,
        seed=params.seed,
        backbone=params.backbone or ctx.backbone,
        size=split.size,
        policy=split.policy,
        copies=None if split.copies == "none" else split.copies,
        aim=params.aim,
        fine_tune=params.fine_tune,
    )
    return kept(ctx, made)
