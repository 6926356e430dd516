"""Everything that a worker can carry out, by kind of run."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from fenlei.datasets.carry_out import carry_out
from fenlei.datasets.checking import CHECKS, Need
from fenlei.datasets.imports import State
from fenlei.projects.check_recipe import check_recipe
from fenlei.projects.dataset_runs import CHECK, IMPORT, enqueue_checks
from fenlei.projects.exports import EXPORT, export_recipe
from fenlei.projects.graph_recipe import graph_recipe
from fenlei.projects.graph_runs import GRAPH
from fenlei.projects.train_recipe import train_recipe
from fenlei.projects.training_run import TRAIN
from fenlei.runs import Reason, Recipes, RunContext, RunStopped
from fenlei.store import Work

AFTER_IMPORT = tuple(check.name for check in CHECKS.values() if Need.FEATURES not in check.needs)
"""Asked after each import."""

COMPARING = tuple(check.name for check in CHECKS.values() if Need.FEATURES in check.needs)
"""Asked after them, where there is a network for it and there are not too many pictures. Training finds the features
in the cache."""

MOST_COMPARED = 20_000
"""Pictures of a data set that are compared without being asked to; more take minutes of every core."""

BEHIND = -10
"""Priority of what nobody waits for."""


def recipes(uploads: Path, cache: Path, engine: str = "auto", backbone: str | None = None) -> Recipes:
    """The recipes of this platform.

    Args:
        uploads: where the files of imports are laid down.
        cache: the workspace's cache.
        engine: what runs networks.
        backbone: what trainings use that name none, in place of their goal's choice; for tests and for installations
            that have one of their own.
    """
    return {
        IMPORT: functools.partial(_import, uploads=uploads),
        CHECK: check_recipe(cache, engine, backbone),
        TRAIN: train_recipe(cache, engine, backbone),
        EXPORT: export_recipe(cache, engine),
        GRAPH: graph_recipe(cache, engine, backbone),
    }


def _import(context: RunContext, *, uploads: Path) -> dict[str, Any] | None:
    """Bring the pictures of an import into its data set; one that was begun goes on. Then they are checked."""

    def progress(done: int, total: int) -> None:
        context.progress("bringing pictures in", done / total if total else 0.0)

    def told_to_stop() -> bool:
        # Only people call an import off. When the worker leaves it goes on elsewhere; nobody may ask for it meanwhile.
        if context.cancelled() and context.reason is not Reason.CANCEL:
            raise RunStopped
        return context.told

    counts = carry_out(
        context.store,
        uploads,
        str(context.run.subject["import_id"]),
        progress=progress,
        cancelled=told_to_stop,
        guard=context.guard,
    )
    context.log(f"{counts['added']} pictures added, {counts['existing']} there already, {counts['skipped']} left aside")
    if counts["state"] != State.DONE or not counts["added"]:
        return counts
    context.finish(functools.partial(_and_check, context, counts))
    return None


def _and_check(context: RunContext, counts: dict[str, Any], work: Work) -> dict[str, Any]:
    dataset_id = str(context.run.subject["dataset_id"])
    by = context.run.created_by
    enqueue_checks(work, dataset_id, AFTER_IMPORT, by, priority=BEHIND)
    if work.pictures.count(dataset_id) <= MOST_COMPARED:
        enqueue_checks(work, dataset_id, COMPARING, by, priority=BEHIND - 1, if_possible=True)
    return counts
