"""What may travel along an edge: the kinds of ports, and how each looks."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from fenlei.pipelines.words import Words


class Kind(StrEnum):
    """An edge joins two ports of one kind."""

    IMAGES = "images"
    SPLIT = "split"
    FEATURES = "features"
    MODEL = "model"
    REPORT = "report"
    DEPLOYMENT = "deployment"


class Look(NamedTuple):
    """How a kind is shown.

    Attributes:
        name: for people.
        colour: of its ports and edges, `#rrggbb`.
    """

    name: Words
    colour: str


LOOKS: dict[Kind, Look] = {
    Kind.IMAGES: Look(Words("Pictures", "图片"), "#2f7ed8"),
    Kind.SPLIT: Look(Words("Split pictures", "已划分的图片"), "#13a8a8"),
    Kind.FEATURES: Look(Words("Features", "特征"), "#8a5cd6"),
    Kind.MODEL: Look(Words("Model", "模型"), "#d4690f"),
    Kind.REPORT: Look(Words("Report", "报告"), "#5b8c00"),
    Kind.DEPLOYMENT: Look(Words("Deployment", "部署"), "#c41d7f"),
}
