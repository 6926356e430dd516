"""What a model file says of itself, on one card."""

from __future__ import annotations

from typing import Any

import msgspec

from fenlei.modelfile import ModelFile, read
from fenlei.modelfile.decision import Decision
from fenlei.modelfile.manifest import BackboneRef, Calibration, UnknownRef
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.opened import file_of
from fenlei.pipelines.preview_pictures import MOST_LABELS, cut
from fenlei.pipelines.reference import Model
from fenlei.pipelines.words import Words


class ModelPreview(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="model"):
    """A model.

    Attributes:
        digest: SHA-256, hex, of its file.
        bytes: of its file.
        labels: its classes in order; of very many the first ones.
        more_labels: how many are not among them.
        backbone: the network, with its licence.
        head: what sits on it, in a word or two; "" where the file does not say.
        layers: of each voter of the head, in the order in which they run; none where the head is one linear layer.
        input: pixels and how a picture gets there, as in the manifest.
        metrics: what evaluation on unseen pictures found, with 95 % intervals.
        calibration: how scores become probabilities.
        unknown: the rule for pictures of nothing known; None where there is none.
        decision: thresholds of the classes; None where there are none.
        recipe: how it was made, in a sentence; "" where the file does not say.
        recipe_zh: the same in Chinese.
        versions: of Fenlei and of what computed the numbers.
    """

    digest: str
    bytes: int
    labels: list[str]
    more_labels: int
    backbone: BackboneRef
    head: str
    layers: list[list[str]]
    input: dict[str, Any]
    metrics: dict[str, Any]
    calibration: Calibration
    unknown: UnknownRef | None
    decision: Decision | None
    recipe: str
    recipe_zh: str
    versions: dict[str, str]


def of_model(ctx: NodeContext, reference: Model) -> ModelPreview:
    """Preview a model; its network is not run.

    Raises:
        FenleiError: its file is not there any more, or damaged.
    """
    with file_of(ctx, reference) as path:
        file = read(path)
    said = file.manifest
    recipe = _recipe(file)
    decision = said.decision if said.decision is None or len(said.decision.thresholds) <= MOST_LABELS else None
    return ModelPreview(
        digest=reference.digest,
        bytes=reference.bytes,
        labels=[cut(label) for label in said.labels[:MOST_LABELS]],
        more_labels=max(0, len(said.labels) - MOST_LABELS),
        backbone=said.backbone,
        head=str(said.recipe.get("head", "")),
        layers=[voter.layers for voter in said.head],
        input=msgspec.to_builtins(said.input),
        metrics=said.metrics,
        calibration=said.calibration,
        unknown=said.unknown,
        decision=decision,
        recipe=recipe.en,
        recipe_zh=recipe.zh,
        versions=said.versions,
    )


def _recipe(file: ModelFile) -> Words:
    said, backbone, shown = file.manifest.recipe, file.manifest.backbone, file.manifest.input
    head = said.get("head")
    if not head:
        return Words("", "")
    size = f"{shown.width} × {shown.height}"
    en = [f"{head} on {backbone.id} at {size} pixels ({shown.policy.value})"]
    zh = [f"{backbone.id} 上的 {head}，输入 {size} 像素（{shown.policy.value}）"]
    if said.get("copies", "none") != "none":
        en.append(f"learned from copies too ({said['copies']})")
        zh.append(f"使用增强副本（{said['copies']}）")
    if "fitted_on" in said:
        en.append(f"fitted on {said['fitted_on']} pictures")
        zh.append(f"用 {said['fitted_on']} 张图片拟合")
    for key, told, told_zh in (("aim", "chosen by", "依据"), ("goal", "goal", "目标"), ("seed", "seed", "种子")):
        if said.get(key) is not None:
            en.append(f"{told} {said[key]}")
            zh.append(f"{told_zh} {said[key]}")
    return Words("; ".join(en) + ".", "；".join(zh) + "。")
