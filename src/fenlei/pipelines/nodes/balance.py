"""Leave pictures of large classes out, so that no class outweighs the others."""

from __future__ import annotations

import math
from collections import Counter

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.pictures import content, drawn, images_of, only
from fenlei.pipelines.reference import Images
from fenlei.pipelines.words import Words


class BalanceParams(Params):
    """How uneven classes may be."""

    times: float = param(
        1.0,
        title=Words("Times the smallest", "相对最小类别的倍数"),
        help=Words(
            "A class may have so many times as many pictures as the smallest one.",
            "每个类别的图片数最多是最小类别的多少倍。",
        ),
        ge=1,
        le=1000,
    )
    seed: int = param(
        0,
        title=Words("Seed", "随机种子"),
        help=Words("Another seed, another choice.", "种子不同，留下的图片也不同。"),
        ge=0,
        le=2**31 - 1,
    )


@node(
    "data.balance",
    version=1,
    family=Family.DATA,
    icon="scale",
    title=Words("Balance", "均衡类别"),
    help=Words(
        "Leaves pictures of large classes out by chance. To keep them all, let training aim at balanced accuracy.",
        "随机去掉大类别的部分图片。若想保留全部图片，可改用均衡准确率作为训练目标。",
    ),
    example={"times": 1.5},
)
def balance(images: Images, *, params: BalanceParams, ctx: NodeContext) -> Images:
    """Let no class have more than so many times the pictures of the smallest."""
    found = content(ctx, images)
    counts = Counter(entry.label for entry in found.entries if entry.label is not None)
    # Never more than that; the little makes up for products such as 100 * 1.15, which is a trifle below 115.
    most = math.floor(min(counts.values(), default=1) * params.times + 1e-9)
    taken: Counter[int] = Counter()
    names: set[str] = set()
    for entry in drawn(found, params.seed):
        if entry.label is None or taken[entry.label] < most:
            names.add(entry.name)
            taken.update([] if entry.label is None else [entry.label])
    return images_of(ctx, only(found, lambda entry: entry.name in names))
