"""One head of one kind on one backbone: the parameters that say which, and learning it without a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.learning import Trained, kept, learn
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Split
from fenlei.pipelines.words import Words

if TYPE_CHECKING:
    from fenlei.training.candidate import Candidate

Copies = Literal["none", "altered", "altered and mirrored"]
PolicyName = Literal["squash", "letterbox", "crop"]


class AimParams(Params):
    """What it shall be good at."""

    aim: Literal["accuracy", "balanced accuracy", "macro-F1"] | None = param(
        None,
        title=Words("Figure to raise", "优化指标"),
        help=Words("Empty: the sizes of the classes decide.", "留空则由各类别的大小决定。"),
    )
    seed: int = param(
        0,
        title=Words("Seed", "随机种子"),
        help=Words(
            "Of the folds. Same seed, same pictures: same model.", "用于交叉验证的划分。种子和图片相同时模型相同。"
        ),
        ge=0,
        le=2**31 - 1,
    )


class KindParams(Params):
    """Which head."""

    head: Literal["logistic", "svm", "prototypes", "network"] = param(
        "logistic",
        title=Words("Head", "分类头"),
        help=Words(
            "`logistic` regression; linear `svm`; `prototypes`, one mean for each class, for very few pictures; or a "
            "small `network` of two layers. Its strength is chosen by folds of the training part.",
            "logistic 逻辑回归；svm 线性支持向量机；prototypes 每类一个均值，适合图片极少时；network 两层小网络。"
            "其强度由训练集的交叉验证选定。",
        ),
    )


class HeadParams(AimParams, KindParams):
    """Which head, and what it shall be good at."""


class ViewParams(Params):
    """Which backbone, and what it is shown."""

    backbone: str | None = param(
        None,
        title=Words("Backbone", "骨干网络"),
        help=Words(
            "An id of the catalogue, the path of a file, or `hf:org/name`; empty: the default one.",
            "目录中的名称、文件路径或 hf:org/name；留空则使用默认网络。",
        ),
        min_length=1,
        max_length=300,
    )
    size: int | None = param(
        None,
        title=Words("Side in pixels", "边长（像素）"),
        help=Words(
            "Empty: as the pictures say, or as large as the backbone likes it.",
            "留空则沿用图片的设置，或使用骨干网络的默认边长。",
        ),
        ge=32,
        le=1024,
    )
    policy: PolicyName | None = param(
        None,
        title=Words("Resize policy", "缩放方式"),
        help=Words("Empty: as the pictures say, or `squash`.", "留空则沿用图片的设置，或使用 squash。"),
    )
    copies: Copies | None = param(
        None,
        title=Words("Altered copies", "增强副本"),
        help=Words(
            "Copies that are learned from beside the pictures: cropped, turned and relit, or mirrored too; empty: as "
            "the pictures say.",
            "除原图外还用于训练的副本：裁剪、旋转、调光，或再加镜像；留空则沿用图片的设置。",
        ),
    )


def shown_as(split: Split, params: ViewParams) -> Split:
    """The pictures with what the parameters say of how they are prepared; what they do not say stays."""
    return msgspec.structs.replace(
        split,
        policy=params.policy or split.policy,
        size=params.size or split.size,
        copies=params.copies or split.copies,
    )


def learn_head(ctx: NodeContext, split: Split, backbone: str | None, params: HeadParams) -> Trained:
    """Learn one head on these pictures as they say they shall be shown.

    Raises:
        FenleiError: the backbone cannot be had, or there is too little to learn from.
    """
    candidate = head_of(ctx, split, backbone, params.head)
    return kept(ctx, learn(ctx, split, goal="fast", seed=params.seed, aim=params.aim, only=candidate))


def head_of(ctx: NodeContext, split: Split, backbone: str | None, kind: str, **setting: float) -> Candidate:
    """A head of one kind on these pictures as they say they shall be shown.

    Args:
        ctx: of the node.
        split: whose pictures.
        backbone: under it; None: the default one.
        kind: which of `heads.ALL_KINDS`.
        setting: to learn with; it is chosen by folds where nothing is said.

    Raises:
        FenleiError: no backbone is usable here.
    """
    from fenlei.training.candidate import Candidate
    from fenlei.training.plan import make_plan

    plan = make_plan("fast", None, cache=ctx.cache, backbone=backbone, size=split.size, policy=split.policy)
    return Candidate(view=plan.views[0], kind=kind, copies=split.copies, setting=setting or None)
