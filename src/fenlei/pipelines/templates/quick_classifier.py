"""From pictures to a URL in seconds."""

from __future__ import annotations

from fenlei.pipelines.templates.template import PICTURES, PUBLISH, Step, Template
from fenlei.pipelines.words import Words

QUICK_CLASSIFIER = Template(
    "quick-classifier",
    Words("Quick classifier", "快速分类器"),
    Words(
        "To see within seconds what these pictures can do: a fast search on one small network, judged by the test "
        "part, and published.",
        "几秒钟内看到这些图片能达到的效果：在一个小型网络上快速搜索，由测试集评判，然后发布。",
    ),
    (
        Step("split", "data.split", (1, 0), {"images": PICTURES}),
        Step("train", "train.auto", (2, 0), {"split": "split.split"}, {"goal": "fast"}),
        Step("evaluate", "judge.evaluate", (3, 0), {"model": "train.model", "split": "split.split"}),
        Step("publish", PUBLISH, (3, 1), {"model": "train.model"}),
    ),
)
