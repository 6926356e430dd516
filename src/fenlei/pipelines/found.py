"""Split pictures as training reads them."""

from __future__ import annotations

from fenlei.datasets.found import FoundPictures
from fenlei.datasets.versions import found_in
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.pictures import content
from fenlei.pipelines.reference import Split


def found_pictures(ctx: NodeContext, split: Split) -> FoundPictures:
    """The pictures of both parts, with bytes from the blobs.

    Raises:
        FenleiError: the manifest is gone or damaged.
    """
    return found_in(ctx.blobs, content(ctx, split))
