"""Split pictures as training reads them."""

from __future__ import annotations

from fenlei.datasets.found import FoundPictures, Part
from fenlei.datasets.versions import found_in
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.pictures import content
from fenlei.pipelines.reference import Split


def found_pictures(ctx: NodeContext, split: Split) -> FoundPictures:
    """The pictures that training may see, with bytes from the blobs: those to learn from and those that judge. Where
    there is a test part, a validation part is neither; other nodes choose by it.

    Raises:
        FenleiError: the manifest is gone or damaged.
    """
    found = found_in(ctx.blobs, content(ctx, split))
    if Part.TEST in split.parts:
        found.items = [item for item in found.items if item.part is not Part.VALIDATION]
    return found
