"""A model as an open bundle, to be taken away to machines without Fenlei."""

from __future__ import annotations

from fenlei.backbones.needs import version
from fenlei.modelfile import read
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.opened import file_of
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Model, Report
from fenlei.pipelines.words import Words
from fenlei.serving.export import export as bundle


class ExportParams(Params):
    """What the model is called there."""

    name: str = param(
        "model",
        title=Words("Name", "名称"),
        help=Words("What the model is called in the bundle's README.", "模型在导出包说明中的名称。"),
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
    )


def _way(params: ExportParams, ctx: NodeContext) -> str:
    """The program that travels along, and what the bundle says of its maker."""
    return version("fenlei") or ""


@node(
    "finish.export",
    version=1,
    family=Family.FINISH,
    icon="package-export",
    title=Words("Export", "导出"),
    help=Words(
        "Packs a model as a zip that classifies pictures anywhere: one ONNX network from raw pixels to scores, labels, "
        "a short program without Fenlei, and pictures that prove it. Proved here before it is written.",
        "把模型打包成 zip，可在任何机器上使用：从原始像素到得分的单个 ONNX 网络、类别名称、不依赖 Fenlei 的短程序，"
        "以及自检图片。导出前会在本机验证。",
    ),
    outside=_way,
    example={"name": "birds"},
)
def export(model: Model, *, params: ExportParams, ctx: NodeContext) -> Report:
    """Pack a model for machines without Fenlei; what the report names is the zip."""
    ctx.progress("packing and proving", 0.0)
    with file_of(ctx, model) as path:
        made = bundle(read(path), params.name, cache=ctx.cache, engine=ctx.engine)
    headline = {
        "bytes": len(made.data),
        "classes": len(model.labels),
        "proved_on_pictures": made.proof.pictures,
        "farthest_score_apart": made.proof.farthest,
    }
    return Report(digest=ctx.blobs.put(made.data), about="export", headline=headline)
