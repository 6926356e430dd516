"""Which network suits the pictures, beyond noise."""

from __future__ import annotations

from fenlei.pipelines.templates.template import PICTURES, PUBLISH, Step, Template
from fenlei.pipelines.words import Words

COMPARE_THREE_BACKBONES = Template(
    "compare-three-backbones",
    Words("Compare three backbones", "对比三种骨干网络"),
    Words(
        "To learn what a larger network or a larger picture is worth here: the same head on three networks, from quick "
        "to thorough, compared on the same test pictures. The most thorough one is published; where the comparison "
        "finds no difference beyond noise, join a quicker one to Publish.",
        "了解更大的网络或更大的图片在这里值多少：同一种分类头接在三个由快到精的网络上，在同一批测试图片上比较。"
        "发布的是最精细的一个；若比较显示差距不超出偶然，请改接更快的模型再发布。",
    ),
    (
        Step("split", "data.split", (1, 1), {"images": PICTURES}),
        Step(
            "quick",
            "train.linear",
            (2, 0),
            {"split": "split.split"},
            {"backbone": "efficientnet-lite0", "size": 160},
        ),
        Step(
            "larger_pictures",
            "train.linear",
            (2, 1),
            {"split": "split.split"},
            {"backbone": "efficientnet-lite0", "size": 288},
        ),
        Step(
            "larger_network",
            "train.linear",
            (2, 2),
            {"split": "split.split"},
            {"backbone": "efficientnet-lite2", "size": 260},
        ),
        Step(
            "compare",
            "judge.compare",
            (3, 0.5),
            {
                "first": "quick.model",
                "second": "larger_pictures.model",
                "third": "larger_network.model",
                "split": "split.split",
            },
        ),
        Step("evaluate", "judge.evaluate", (3, 1.5), {"model": "larger_network.model", "split": "split.split"}),
        Step("publish", PUBLISH, (3, 2.5), {"model": "larger_network.model"}),
    ),
    row=1,
)
