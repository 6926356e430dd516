"""Learn from split pictures, and keep what came of it: a model among the blobs, and what it is worth."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from fenlei.pipelines.context import NodeContext, Stopped
from fenlei.pipelines.finished import put
from fenlei.pipelines.found import found_pictures
from fenlei.pipelines.reference import Model, Report, Split
from fenlei.training.recipe import RECIPE

if TYPE_CHECKING:
    from fenlei.training import finish
    from fenlei.training.progress import Stage


class Trained(NamedTuple):
    """A model, and what it is worth."""

    model: Model
    report: Report


def learn(ctx: NodeContext, split: Split, **wishes: Any) -> finish.Trained:
    """Learn from one part and judge by the other; what was left aside is named in the log.

    Args:
        ctx: of the node.
        split: whose pictures.
        wishes: as for `training.train.train`.

    Raises:
        FenleiError: it cannot be learned.
        Stopped: the run shall stop.
    """
    from fenlei.training.progress import Cancelled
    from fenlei.training.train import train

    def progress(stage: Stage, done: int, total: int) -> None:
        ctx.progress(stage.value, done / total if total else 0.0)

    if split.held_out is not None:
        wishes["test_fraction"] = split.held_out
    try:
        made = train(
            partial(found_pictures, ctx, split),
            cache=ctx.cache,
            engine=ctx.engine,
            progress=progress,
            cancelled=ctx.cancelled,
            **wishes,
        )
    except Cancelled as exc:
        raise Stopped("The run was called off.") from exc
    for skipped in made.report.skipped:
        ctx.log(f"left aside: {skipped.name}: {skipped.reason}")
    return made


def kept(ctx: NodeContext, made: finish.Trained) -> Trained:
    """Put the model among the blobs, and its evaluation."""
    told = msgspec.json.encode(made.report.evaluation)
    report = Report(digest=ctx.blobs.put(told), about="evaluation", headline=made.model.manifest.metrics)
    return Trained(put(ctx, made.model), report)


def way(*names: str | None) -> str:
    """What a model depends on besides pictures and parameters: how candidates are learned, and what stands in for
    names that were not said."""
    return " ".join([RECIPE, *map(as_it_is, names)])


def as_it_is(name: str | None) -> str:
    """A backbone's name; of a file with its size and time, since another network may lie there tomorrow."""
    if name is None:
        return ""
    with suppress(OSError):
        known = Path(name).expanduser().stat()
        return f"{name} {known.st_size} {known.st_mtime_ns}"
    return name
