"""Classes of very different sizes."""

from __future__ import annotations

from fenlei.pipelines.templates.template import PICTURES, PUBLISH, Step, Template
from fenlei.pipelines.words import Words

IMBALANCED = Template(
    "imbalanced",
    Words("Imbalanced classes", "类别不均衡"),
    Words(
        "For classes of which some have many times the pictures of others: no class keeps more than five times the "
        "smallest, and training aims at balanced accuracy, by which every class counts the same.",
        "适合各类图片数相差悬殊的数据：每个类别最多保留最小类别的五倍，训练以均衡准确率为目标，每个类别同等重要。",
    ),
    (
        Step("balance", "data.balance", (1, 0), {"images": PICTURES}, {"times": 5.0}),
        Step("split", "data.split", (2, 0), {"images": "balance.images"}),
        Step("train", "train.auto", (3, 0), {"split": "split.split"}, {"aim": "balanced accuracy"}),
        Step("evaluate", "judge.evaluate", (4, 0), {"model": "train.model", "split": "split.split"}),
        Step("publish", PUBLISH, (4, 1), {"model": "train.model"}),
    ),
)
