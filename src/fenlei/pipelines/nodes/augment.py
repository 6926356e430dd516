"""Say which altered copies of pictures are learned from."""

from __future__ import annotations

import msgspec

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.one_head import Copies
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Split
from fenlei.pipelines.words import Words


class AugmentParams(Params):
    """Which copies."""

    copies: Copies = param(
        "altered",
        title=Words("Copies", "副本"),
        help=Words(
            "`altered`: two copies of each picture, cut to at least three quarters of each side, turned by up to ten "
            "degrees, brightness, contrast and colour changed by up to a quarter. `altered and mirrored`: two more, "
            "with left and right changed; not for writing, or where the side matters. `none`: no copies, and AutoTrain "
            "finds out whether some help.",
            "altered：每张图片两份副本，裁剪后每边至少保留四分之三，旋转不超过十度，亮度、对比度和颜色变化不超过四分之一。"
            "altered and mirrored：再加两份左右镜像的副本；不适合文字，或左右有区别的图片。"
            "none：不使用副本，由 AutoTrain 自行判断是否有用。",
        ),
    )


@node(
    "prepare.augment",
    version=1,
    family=Family.PREPARE,
    icon="copy-plus",
    title=Words("Augment", "数据增强"),
    help=Words(
        "Chooses altered copies that are learned from beside the pictures, so that a model is less bound to how these "
        "very ones were taken. The pictures that judge stay as they are; a picture has the same copies each time.",
        "选择除原图外还用于训练的增强副本，使模型不局限于这些图片的拍摄方式。用于评判的图片保持不变；同一图片的副本每次相同。",
    ),
    example={"copies": "altered and mirrored"},
)
def augment(split: Split, *, params: AugmentParams, ctx: NodeContext) -> Split:
    """Choose which copies are learned from."""
    return msgspec.structs.replace(split, copies=params.copies)
