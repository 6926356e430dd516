"""The networks that a model was made with, found again by their digests."""

from __future__ import annotations

from pathlib import Path

from fenlei.backbones import Backbone, by_digest
from fenlei.backbones.shelf import Shelf
from fenlei.backbones.source import Network
from fenlei.modelfile import ModelFile
from fenlei.training.formula import Ingredient


def found_here(needed: Ingredient, model: ModelFile, cache: Path) -> Backbone | None:
    """The very network, from the cache or from the model file; None where it is in neither.

    Args:
        needed: what is looked for.
        model: that was made with it.
        cache: the workspace's cache folder; what the model file brings is kept there.
    """
    found = by_digest(needed.digest, cache)
    if found is not None:
        return found
    reference, network = model.manifest.backbone, model.network
    if network is None or reference.digest != needed.digest:
        return None
    content = Network(
        content=network, size=reference.size, width=reference.width, licence=reference.licence, made_with={}
    )
    return Shelf(cache).put(needed.id, needed.id, content, {"model file": needed.digest}, default=needed.size is None)
