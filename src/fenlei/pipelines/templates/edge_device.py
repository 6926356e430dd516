"""A model for machines with a small processor: eight bits, and a bundle without Fenlei."""

from __future__ import annotations

from fenlei.pipelines.templates.template import PICTURES, PUBLISH, Step, Template
from fenlei.pipelines.words import Words

EDGE_DEVICE = Template(
    "edge-device",
    Words("Edge device", "边缘设备"),
    Words(
        "For small machines: a small network is written in eight bits, unless that costs more than 0.3 points of "
        "accuracy on pictures that it has not learned from, and packed as a zip that runs without Fenlei. The same "
        "model is published, so that both can be held against each other.",
        "适合小型设备：把小型网络写成 8 位（若在未学习过的图片上损失超过 0.3 个百分点则保持原样），"
        "并打包成不依赖 Fenlei 的 zip。同一模型也会发布，便于两边对照。",
    ),
    (
        Step("split", "data.split", (1, 0), {"images": PICTURES}),
        Step(
            "train",
            "train.auto",
            (2, 0),
            {"split": "split.split"},
            {"goal": "fast", "backbone": "efficientnet-lite0"},
        ),
        Step("optimise", "finish.optimise", (3, 0), {"model": "train.model", "split": "split.split"}),
        Step("evaluate", "judge.evaluate", (4, 0), {"model": "optimise.model", "split": "split.split"}),
        Step("export", "finish.export", (4, 1), {"model": "optimise.model"}),
        Step("publish", PUBLISH, (4, 2), {"model": "optimise.model"}),
    ),
)
