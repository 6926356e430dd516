"""One backbone trained on the pictures itself, without a search."""

from __future__ import annotations

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.learning import Trained, kept, learn, way
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.one_head import AimParams, ViewParams, head_of, shown_as
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Split
from fenlei.pipelines.words import Words


class RecipeParams(Params):
    """How much of a network is trained, and for how long."""

    epochs: int = param(
        12,
        title=Words("Epochs", "轮数"),
        help=Words(
            "How often each picture is seen at most; where there are many, some tell when to end. From 12 on pictures "
            "are mixed with each other too.",
            "每张图片最多学习的次数；图片较多时，由其中一部分判断何时提前结束。不少于 12 轮时还会混合图片。",
        ),
        ge=1,
        le=200,
    )
    stages: int = param(
        0,
        title=Words("Last stages", "末尾阶段数"),
        help=Words(
            "How many of the network's stages learn, from the top; 0: all of them. A few take a fraction of the time, "
            "and mostly bring less.",
            "网络从末端起有多少个阶段参与学习；0 表示全部。只学少数几个阶段用时短得多，但效果通常较差。",
        ),
        ge=0,
        le=100,
    )
    rate: float = param(
        5e-4,
        title=Words("Learning rate", "学习率"),
        help=Words(
            "Of the highest stage at its peak; each stage below learns a tenth slower.",
            "最高阶段的峰值学习率；往下每个阶段慢十分之一。",
        ),
        gt=0,
        le=0.1,
    )
    anew: bool = param(
        True,
        title=Words("Learn anew from all", "用全部图片重新学习"),
        help=Words(
            "A fifth of the training part tells what came of it. Then learn again, from that fifth too; it takes as "
            "long once more.",
            "训练集的五分之一用来判断效果，之后连同这部分重新学习一次；用时再加一倍。",
        ),
    )


class FinetuneParams(ViewParams, AimParams, RecipeParams):
    """Which network, and how it is trained."""


def _way(params: FinetuneParams, ctx: NodeContext) -> str:
    return way(params.backbone or ctx.backbone)


@node(
    "train.finetune",
    version=1,
    family=Family.TRAIN,
    icon="adjustments",
    title=Words("Fine-tune", "微调网络"),
    help=Words(
        "Trains one backbone together with a linear head, beginning with the head alone and thawing stage after stage "
        "from the top. It takes minutes to hours without a GPU, at least 100 training pictures, and torch. Pictures "
        "are altered anew each time; they are mirrored where the copies say so. What is stopped goes on from its last "
        "epoch. The test part judges the model in the end.",
        "将一个骨干网络与线性分类头一起训练：先训练分类头，再自上而下逐段解冻。没有 GPU 时需要几分钟到几小时，"
        "至少需要 100 张训练图片，并需要 torch。每次学习都会随机改变图片；副本设置允许时还会镜像。"
        "中断后从最近一轮继续。最后由测试集评判。",
    ),
    outside=_way,
    whole_machine=True,
    example={"epochs": 3, "stages": 1, "anew": False},
)
def finetune(split: Split, *, params: FinetuneParams, ctx: NodeContext) -> Trained:
    """Train the network under a linear head."""
    from fenlei.training.finetune.alone import to_tune

    start = head_of(ctx, shown_as(split, params), params.backbone or ctx.backbone, "logistic")
    recipe = {"epochs": params.epochs, "stages": params.stages, "rate": params.rate, "head_rate": params.rate}
    candidate = to_tune(start, anew=params.anew, **recipe)
    made = learn(ctx, split, goal="fast", seed=params.seed, aim=params.aim, only=candidate)
    for line in made.report.candidates:
        told = line.left_out or f"{line.score:.1%} {line.aim} on pictures that were held out"
        ctx.log(f"{line.head}: {told}")
    return kept(ctx, made)
