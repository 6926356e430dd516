"""Take some of the pictures, by chance, of each class its share."""

from __future__ import annotations

from collections import Counter

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.pictures import content, drawn, images_of, only
from fenlei.pipelines.reference import Images
from fenlei.pipelines.words import Words


class SampleParams(Params):
    """How many pictures are taken."""

    share: float = param(
        1.0,
        title=Words("Share", "比例"),
        help=Words("Of the pictures of each class.", "每个类别抽取的图片比例。"),
        gt=0,
        le=1,
    )
    most: int | None = param(
        None,
        title=Words("At most, of each class", "每类最多"),
        help=Words("Pictures of each class; empty: as many as the share says.", "每个类别的图片数；留空则按比例。"),
        ge=1,
        le=10_000_000,
    )
    seed: int = param(
        0,
        title=Words("Seed", "随机种子"),
        help=Words("Another seed, another choice.", "种子不同，抽取的图片也不同。"),
        ge=0,
        le=2**31 - 1,
    )


@node(
    "data.sample",
    version=1,
    family=Family.DATA,
    icon="percentage",
    title=Words("Sample", "抽样"),
    help=Words(
        "Takes some pictures of each class by chance, at least one. A larger share keeps those that were taken, and a "
        "picture that is added displaces one at the most.",
        "从每个类别中随机抽取一部分图片，至少一张。提高比例时已抽取的图片保留；每新增一张图片，最多替换一张。",
    ),
    example={"share": 0.5, "most": 200},
)
def sample(images: Images, *, params: SampleParams, ctx: NodeContext) -> Images:
    """Take a part of each class."""
    found = content(ctx, images)
    counts = Counter(entry.label for entry in found.entries)
    wanted = {label: max(1, round(count * params.share)) for label, count in counts.items()}
    taken: Counter[int | None] = Counter()
    names: set[str] = set()
    for entry in drawn(found, params.seed):
        most = wanted[entry.label] if params.most is None else min(params.most, wanted[entry.label])
        if taken[entry.label] < most:
            taken[entry.label] += 1
            names.add(entry.name)
    return images_of(ctx, only(found, lambda entry: entry.name in names))
