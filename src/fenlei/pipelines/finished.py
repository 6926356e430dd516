"""Models that a node made of other models: what was done stands in their recipe, and their promises hold."""

from __future__ import annotations

from typing import Any

import msgspec

from fenlei.inference import Engine
from fenlei.modelfile import Head, Manifest, ModelFile, ParityPicture, pack
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.reference import Model


def finished(manifest: Manifest, of: Model, how: str, **facts: Any) -> Manifest:
    """A manifest that says what was done after training. By its recipe alone the model is not made again any more.

    Args:
        manifest: of the model before.
        of: that model.
        how: the name of the node.
        facts: what is to be said of it.
    """
    from fenlei.training.formula import FINISHED, KEY

    recipe = {name: said for name, said in manifest.recipe.items() if name != KEY}
    done = [*recipe.get(FINISHED, []), {"by": how, "of": of.digest, **facts}]
    return msgspec.structs.replace(manifest, recipe={**recipe, FINISHED: done})


def promised(file: ModelFile, head: Head, engine: Engine) -> list[ParityPicture]:
    """The parity pictures of a file with what this head makes of them on this engine."""
    from fenlei.training.parity import expected, features_of_files

    files = [each.data for each in file.parity]
    return expected(files, features_of_files(files, file.manifest.input, engine), head) if files else []


def put(ctx: NodeContext, file: ModelFile) -> Model:
    """A model file among the blobs."""
    data = pack(file)
    manifest = file.manifest
    return Model(digest=ctx.blobs.put(data), labels=manifest.labels, bytes=len(data), metrics=manifest.metrics)
