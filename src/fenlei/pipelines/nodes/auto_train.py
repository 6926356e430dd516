"""Training by itself: a search within a budget, as automated projects have it."""

from __future__ import annotations

from typing import Literal

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.learning import Trained, kept, learn, way
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Split
from fenlei.pipelines.words import Words
from fenlei.training.decide import FALSE_REJECTS, Demand


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
    false_rejects: float = param(
        FALSE_REJECTS,
        title=Words("False rejects", "误拒比例"),
        help=Words(
            "Share of pictures of known classes that the rule for unknown ones may call unknown.",
            "未知图片规则允许把已知类别图片判为未知的比例。",
        ),
        gt=0,
        le=0.5,
    )
    precision: float | dict[str, float] | None = param(
        None,
        title=Words("Precision wanted", "期望精确率"),
        help=Words(
            "Share of answers that shall be right, of all classes or of each class named: chooses thresholds. Not "
            "beside a cost.",
            "期望的正确比例，可对所有类别或逐个类别指定，用于选择阈值；不能与代价同时使用。",
        ),
    )
    cost: tuple[float, float] | dict[str, tuple[float, float]] | None = param(
        None,
        title=Words("Cost of errors", "错误代价"),
        help=Words(
            "What a wrong answer and a missed picture cost, of all classes or of each class named: chooses thresholds "
            "too.",
            "答错与漏判的代价，可对所有类别或逐个类别指定，同样用于选择阈值。",
        ),
    )
    drawn_parity: bool = param(
        False,
        title=Words("No pictures in the file", "文件中不含图片"),
        help=Words(
            "Let no picture travel in the model file; drawn ones prove it instead.",
            "模型文件中不包含任何图片，改用绘制的图片验证。",
        ),
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
    demand = Demand(params.precision, params.cost)
    demand.check(list(split.labels))
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
        synthetic_parity=params.drawn_parity,
        false_rejects=params.false_rejects,
        demand=demand,
        fine_tune=params.fine_tune,
    )
    return kept(ctx, made)
