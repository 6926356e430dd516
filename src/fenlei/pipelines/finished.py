"""Models that a node made of other models: what was done stands in their recipe, and their promises hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from fenlei.inference import Engine
from fenlei.modelfile import Head, Manifest, ModelFile, ParityPicture, pack
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.opened import Asked, unlearned
from fenlei.pipelines.reference import Model, Report

if TYPE_CHECKING:
    from fenlei.training.formula import Formula


class Finished(NamedTuple):
    """A model that was made of another one, and what came of that."""

    model: Model
    report: Report


def finished(manifest: Manifest, of: Model, how: str, **facts: Any) -> Manifest:
    """A manifest that says what was done after training. By its recipe alone the model is not made again any more; how
    it was trained stands there under another word.

    Args:
        manifest: of the model before.
        of: that model.
        how: the name of the node.
        facts: what is to be said of it.
    """
    from fenlei.training.formula import FINISHED, KEY, TRAINED

    recipe = {TRAINED if name == KEY else name: said for name, said in manifest.recipe.items()}
    done = [*recipe.get(FINISHED, []), {"by": how, "of": of.digest, **facts}]
    return msgspec.structs.replace(manifest, recipe={**recipe, FINISHED: done})


def trained_by(file: ModelFile) -> Formula | None:
    """How a model was trained, whatever was done to it since; None where it does not say so that this Fenlei knows."""
    from fenlei.training.formula import KEY, TRAINED, Formula

    said = file.manifest.recipe.get(KEY, file.manifest.recipe.get(TRAINED))
    try:
        return None if said is None else msgspec.convert(said, Formula)
    except msgspec.ValidationError:
        return None


def promised(file: ModelFile, head: Head, engine: Engine) -> list[ParityPicture]:
    """The parity pictures of a file with what this head makes of them on this engine."""
    from fenlei.training.parity import expected, features_of_files

    files = [each.data for each in file.parity]
    return expected(files, features_of_files(files, file.manifest.input, engine), head) if files else []


def measured(file: ModelFile, head: Head, asked: Asked) -> dict[str, Any] | None:
    """What a manifest says of how good a model is, by pictures that its network was asked about; None where it has
    learned from all of them."""
    from fenlei.training.account import metrics_of
    from fenlei.training.evaluation import evaluate

    fresh = unlearned(file, asked)
    if not fresh.any():
        return None
    return metrics_of(evaluate(head.scores(asked.features[fresh]), asked.truth[fresh], file.manifest.labels))


def put(ctx: NodeContext, file: ModelFile) -> Model:
    """A model file among the blobs."""
    data = pack(file)
    manifest = file.manifest
    return Model(digest=ctx.blobs.put(data), labels=manifest.labels, bytes=len(data), metrics=manifest.metrics)
