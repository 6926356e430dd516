"""Put pictures into parts: those that are learned from, and those that judge."""

from __future__ import annotations

from fenlei.datasets.found import Part
from fenlei.datasets.split import stratified_split
from fenlei.datasets.version_content import VersionContent, content_of
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.pictures import content, split_of, together
from fenlei.pipelines.reference import Images, Split
from fenlei.pipelines.words import Words


class SplitParams(Params):
    """How large the part is that judges."""

    test: float = param(
        0.2,
        title=Words("Test part", "测试集比例"),
        help=Words(
            "Share of each class that judges and is learned from by nothing.", "每个类别中只用于评判的图片比例。"
        ),
        ge=0.02,
        le=0.9,
    )
    keep: bool = param(
        True,
        title=Words("Keep parts", "保留已有划分"),
        help=Words(
            "Where the data set says of pictures in which part they are, that stands.", "若数据集已有划分，则沿用。"
        ),
    )
    seed: int = param(
        0,
        title=Words("Seed", "随机种子"),
        help=Words("Another seed, another choice.", "种子不同，划分也不同。"),
        ge=0,
        le=2**31 - 1,
    )


@node(
    "data.split",
    version=1,
    family=Family.DATA,
    icon="split",
    title=Words("Split", "数据拆分"),
    help=Words(
        "Holds pictures of each class out to judge the model by. Copies of a picture, and pictures of one group, stay "
        "on one side. Pictures without a label are left aside.",
        "从每个类别中留出图片用于评判模型。同一图片的副本和同组图片总在同一侧。未标注的图片会被忽略。",
    ),
)
def split(images: Images, *, params: SplitParams, ctx: NodeContext) -> Split:
    """Divide pictures into a part to learn from and one that judges."""
    found = content(ctx, images)
    entries = [entry for entry in found.entries if entry.label is not None]
    if not entries:
        raise PipelineError("No picture has a label, so there is nothing to learn. Label some first.")
    if params.keep and any(entry.split in (Part.TEST, Part.VALIDATION) for entry in entries):
        # Pictures that came later are in no part yet; they are learned from, so that no figure is spoilt.
        kept = [entry._replace(split=entry.split or Part.TRAIN.value) for entry in entries]
        if all(entry.split != Part.TRAIN for entry in kept):
            raise PipelineError(
                "Every picture is in a part that judges, so there is none to learn from. Do not keep the parts, or put "
                "pictures into `train`."
            )
        return split_of(ctx, content_of(found.labels, kept))
    held = stratified_split([int(entry.label or 0) for entry in entries], together(entries), params.test, params.seed)
    if not held.any():
        raise PipelineError(
            "In every class all pictures are copies of one picture or of one group, so none can be held out. Add "
            "pictures that differ."
        )
    divided = [
        entry._replace(split=(Part.TEST if out else Part.TRAIN).value) for entry, out in zip(entries, held, strict=True)
    ]
    return split_of(ctx, VersionContent(found.labels, divided))
