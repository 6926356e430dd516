"""Pictures that were never looked at: cleaned first, and suspects named afterwards."""

from __future__ import annotations

from fenlei.pipelines.templates.template import PICTURES, PUBLISH, Step, Template
from fenlei.pipelines.words import Words

CLEAN_THEN_TRAIN = Template(
    "clean-then-train",
    Words("Clean, then train", "先清洗再训练"),
    Words(
        "For pictures that were gathered and not looked through: what cannot be read, copies and copies under two "
        "classes are left out before anything is held out or learned, so that no copy flatters the figures. What "
        "training finds suspicious is listed, to be looked at by somebody.",
        "适合收集来但未经检查的图片：在划分和训练之前去除无法读取的、重复的和同图异类的图片，避免重复图片美化指标。"
        "训练中发现的可疑图片会列出，供人工检查。",
    ),
    (
        Step("clean", "data.clean", (1, 0), {"images": PICTURES}, {"two_labels": "most"}),
        Step("split", "data.split", (2, 0), {"images": "clean.images"}),
        Step("train", "train.auto", (3, 0), {"split": "split.split"}),
        Step("suspects", "judge.suspects", (4, 0), {"model": "train.model", "split": "split.split"}),
        Step("evaluate", "judge.evaluate", (4, 1), {"model": "train.model", "split": "split.split"}),
        Step("publish", PUBLISH, (4, 2), {"model": "train.model"}),
    ),
)
