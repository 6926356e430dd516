"""Say how a picture of another shape becomes the network's square."""

from __future__ import annotations

from typing import Literal

import msgspec

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Split
from fenlei.pipelines.words import Words


class ResizeParams(Params):
    """How pictures are made square, and how large."""

    policy: Literal["squash", "letterbox", "crop"] | None = param(
        "squash",
        title=Words("Policy", "方式"),
        help=Words(
            "`squash` stretches a picture, `letterbox` puts bars beside it, `crop` takes its middle; empty: as "
            "training finds best.",
            "squash 拉伸，letterbox 加边，crop 取中间；留空则由训练选择。",
        ),
    )
    size: int | None = param(
        None,
        title=Words("Side in pixels", "边长（像素）"),
        help=Words("Empty: as large as the backbone likes it.", "留空则使用骨干网络的默认边长。"),
        ge=32,
        le=1024,
    )


@node(
    "prepare.resize",
    version=1,
    family=Family.PREPARE,
    icon="scaling",
    title=Words("Resize policy", "缩放方式"),
    help=Words(
        "Training and serving make pictures square in one and the same way; this chooses it.",
        "训练和服务使用同一种缩放方式，在此选择。",
    ),
    example={"policy": "letterbox"},
)
def resize_policy(split: Split, *, params: ResizeParams, ctx: NodeContext) -> Split:
    """Choose how pictures become the network's input."""
    return msgspec.structs.replace(split, policy=params.policy, size=params.size)
