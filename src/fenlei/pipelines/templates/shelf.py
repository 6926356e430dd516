"""The templates that there are, in the order in which they are offered."""

from __future__ import annotations

from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.templates.clean_then_train import CLEAN_THEN_TRAIN
from fenlei.pipelines.templates.compare_three_backbones import COMPARE_THREE_BACKBONES
from fenlei.pipelines.templates.edge_device import EDGE_DEVICE
from fenlei.pipelines.templates.few_pictures import FEW_PICTURES
from fenlei.pipelines.templates.imbalanced import IMBALANCED
from fenlei.pipelines.templates.quick_classifier import QUICK_CLASSIFIER
from fenlei.pipelines.templates.template import Template

TEMPLATES: dict[str, Template] = {
    each.name: each
    for each in (
        QUICK_CLASSIFIER,
        COMPARE_THREE_BACKBONES,
        CLEAN_THEN_TRAIN,
        FEW_PICTURES,
        IMBALANCED,
        EDGE_DEVICE,
    )
}


def template(name: str) -> Template:
    """A template by its name.

    Raises:
        PipelineError: there is none.
    """
    if name not in TEMPLATES:
        raise PipelineError(f"There is no template {name!r}; there are {', '.join(TEMPLATES)}.")
    return TEMPLATES[name]
