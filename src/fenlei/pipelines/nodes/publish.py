"""Let a model answer under a name."""

from __future__ import annotations

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Deployment, Model
from fenlei.pipelines.words import Words


class PublishParams(Params):
    """Under which name, and for whom."""

    name: str = param(
        ...,
        title=Words("Name", "名称"),
        help=Words("The last part of the URL.", "URL 的最后一段。"),
        min_length=1,
        max_length=64,
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    )
    open_to_all: bool = param(
        False,
        title=Words("Open to all", "无需密钥"),
        help=Words("Whether it answers without a key.", "调用时是否不需要密钥。"),
    )


@node(
    "finish.publish",
    version=1,
    family=Family.FINISH,
    icon="cloud-upload",
    title=Words("Publish", "发布"),
    help=Words(
        "Lets the model answer under a name, in place of what answered there before.",
        "让模型以该名称对外服务，替换之前的版本。",
    ),
    remembered=False,
    example={"name": "photos"},
)
def publish(model: Model, *, params: PublishParams, ctx: NodeContext) -> Deployment:
    """Put a model behind a URL."""
    answering = ctx.reach.publish(model, params.name, open_to_all=params.open_to_all)
    if answering.told_once is not None:
        ctx.log(f"It answers at {answering.told_once}; the key in this URL is shown now and never again.")
    return answering.deployment
