"""A handful of pictures of each class."""

from __future__ import annotations

from fenlei.pipelines.templates.template import PICTURES, PUBLISH, Step, Template
from fenlei.pipelines.words import Words

FEW_PICTURES = Template(
    "few-pictures",
    Words("Few pictures", "图片很少"),
    Words(
        "For five to fifty pictures of each class: altered copies are learned from too, a third is held out so that "
        "the figures mean something, and folds of the rest choose the head. One mean for each class and the nearest "
        "pictures, which can hardly overfit, stand beside it on the same test pictures.",
        "适合每类五到五十张图片：增强副本也参与训练，留出三分之一使指标有意义，其余图片用交叉验证选定分类头。"
        "另外用不易过拟合的类别均值和最近邻两种方法在同一批测试图片上对照。",
    ),
    (
        Step("split", "data.split", (1, 1), {"images": PICTURES}, {"test": 0.33}),
        Step("augment", "prepare.augment", (2, 1), {"split": "split.split"}),
        Step("train", "train.auto", (3, 0), {"split": "augment.split"}, {"goal": "fast"}),
        Step("prototypes", "train.linear", (3, 1), {"split": "augment.split"}, {"head": "prototypes"}),
        Step("neighbours", "train.neighbours", (3, 2), {"split": "augment.split"}),
        Step(
            "compare",
            "judge.compare",
            (4, 1.5),
            {
                "first": "train.model",
                "second": "prototypes.model",
                "third": "neighbours.model",
                "split": "split.split",
            },
        ),
        Step("evaluate", "judge.evaluate", (4, 0.5), {"model": "train.model", "split": "split.split"}),
        Step("publish", PUBLISH, (4, -0.5), {"model": "train.model"}),
    ),
    row=1,
)
