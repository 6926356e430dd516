"""What a backbone says of pictures: computed once, and kept in the cache for every head that is learned on it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from fenlei.pipelines.context import NodeContext, Stopped
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.found import found_pictures
from fenlei.pipelines.learning import way
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.one_head import ViewParams, shown_as
from fenlei.pipelines.reference import Features, Split
from fenlei.pipelines.words import Words

if TYPE_CHECKING:
    from fenlei.training.progress import Stage


def _way(params: ViewParams, ctx: NodeContext) -> str:
    return way(params.backbone or ctx.backbone)


@node(
    "features.embed",
    version=1,
    family=Family.FEATURES,
    icon="grid-dots",
    title=Words("Backbone embedding", "提取特征"),
    help=Words(
        "Runs every picture, and the altered copies that are asked for, through a backbone. What comes out stays in "
        "the cache: heads that are learned on it are a matter of seconds.",
        "用骨干网络计算每张图片（及所需增强副本）的特征，并保存在缓存中，之后训练分类头只需数秒。",
    ),
    outside=_way,
    whole_machine=True,
    example={"copies": "altered"},
)
def embed(split: Split, *, params: ViewParams, ctx: NodeContext) -> Features:
    """Compute the features of all pictures, as far as they are not there."""
    from fenlei.training.alteration import COPIES
    from fenlei.training.division import learnable
    from fenlei.training.look import read_all
    from fenlei.training.plan import make_plan
    from fenlei.training.progress import Cancelled, Watch
    from fenlei.training.workshop import Workshop

    def progress(stage: Stage, done: int, total: int) -> None:
        ctx.progress(stage.value, done / total if total else 0.0)

    shown = shown_as(split, params)
    name = params.backbone or ctx.backbone
    view = make_plan("fast", None, cache=ctx.cache, backbone=name, size=shown.size, policy=shown.policy).views[0]
    watch = Watch(progress, ctx.cancelled)
    try:
        with found_pictures(ctx, shown) as found, Workshop(ctx.cache, watch, ctx.engine, wished=view) as workshop:
            pictures, unreadable = read_all(found, watch)
            seen = workshop.features(view, pictures)
            # Copies are learned from, so those of the part that judges are not needed.
            workshop.copies(view, learnable(seen.pictures), COPIES[shown.copies])
            backbone, spec = workshop.backbone(view), workshop.spec(view)
    except Cancelled as exc:
        raise Stopped("The run was called off.") from exc
    for skipped in [*unreadable, *seen.skipped]:
        ctx.log(f"left aside: {skipped.name}: {skipped.reason}")
    if not seen.pictures:
        raise PipelineError("None of the pictures can be read, so there are no features; the log says why.")
    ctx.log(f"{seen.computed} of {len(seen.pictures)} pictures ran through the network; the others were in the cache")
    told = {
        "pictures": shown.digest,
        "backbone": backbone.digest,
        "id": backbone.id,
        "input": spec.digest,
        "copies": shown.copies,
    }
    return Features(
        digest=hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest(),
        split=shown,
        backbone=view.backbones[0],
        size=backbone.size,
        width=backbone.width,
    )
