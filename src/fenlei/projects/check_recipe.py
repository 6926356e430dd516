"""How runs that check a data set are carried out."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from fenlei.backbones.errors import BackboneError
from fenlei.datasets.checks import COMPARE, LOOK, run_checks
from fenlei.runs import Recipe, RunContext
from fenlei.store import NotFound
from fenlei.training.errors import TrainingError

_ENDS = {LOOK: 0.7, COMPARE: 0.98}
"""What part of a run is done when a stage is; the rest is writing down."""


def check_recipe(cache: Path, engine: str = "auto", backbone: str | None = None) -> Recipe:
    """How checks are carried out.

    Args:
        cache: the workspace's cache; features that training needs later are left there.
        engine: what runs networks.
        backbone: gives the features that pictures are compared by; None takes that of the goal `fast`.
    """
    return functools.partial(_check, cache=cache, engine=engine, backbone=backbone)


def _check(context: RunContext, *, cache: Path, engine: str, backbone: str | None) -> dict[str, Any]:
    from fenlei.training.looker import look_at_files

    def progress(stage: str, done: int, total: int) -> None:
        end = _ENDS.get(stage, 1.0)
        begin = max((each for each in (0.0, *_ENDS.values()) if each < end), default=0.0)
        context.progress(stage, begin + (end - begin) * (done / total if total else 1.0))

    try:
        checked = run_checks(
            context.store,
            str(context.run.subject["dataset_id"]),
            [str(name) for name in context.run.settings["checks"]],
            looker=functools.partial(look_at_files, cache=cache, engine=engine, backbone=backbone),
            progress=progress,
            cancelled=context.gives_way,
            guard=context.guard,
        )
    except (BackboneError, TrainingError) as exc:
        if not context.run.settings.get("if_possible"):
            raise
        context.log(f"Pictures cannot be compared here: {exc}")
        return {"found": {}, "skipped": {name: str(exc) for name in context.run.settings["checks"]}, "looked": 0}
    except NotFound as exc:  # somebody deleted the data set meanwhile
        context.log(str(exc))
        return {"found": {}, "skipped": {name: str(exc) for name in context.run.settings["checks"]}, "looked": 0}
    if checked.stopped:
        context.check()
    for name, count in checked.found.items():
        context.log(f"{name}: {count} found" if count else f"{name}: nothing found")
    for name, reason in checked.skipped.items():
        context.log(f"{name} was not asked: {reason}")
    return {"found": checked.found, "skipped": checked.skipped, "looked": checked.looked}
