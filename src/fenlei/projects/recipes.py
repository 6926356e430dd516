"""Everything that a worker can carry out, by kind of run."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from fenlei.datasets.carry_out import carry_out
from fenlei.projects.dataset_runs import IMPORT
from fenlei.projects.exports import EXPORT, export_recipe
from fenlei.projects.train_recipe import train_recipe
from fenlei.projects.training_run import TRAIN
from fenlei.runs import Recipes, RunContext


def recipes(uploads: Path, cache: Path, engine: str = "openvino", backbone: str | None = None) -> Recipes:
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
        TRAIN: train_recipe(cache, engine, backbone),
        EXPORT: export_recipe(cache, engine),
    }


def _import(context: RunContext, *, uploads: Path) -> dict[str, Any]:
    """Bring the pictures of an import into its data set; one that was begun goes on."""

    def progress(done: int, total: int) -> None:
        context.progress("bringing pictures in", done / total if total else 0.0)

    counts = carry_out(
        context.store,
        uploads,
        str(context.run.subject["import_id"]),
        progress=progress,
        cancelled=context.cancelled,
        guard=context.guard,
    )
    context.log(f"{counts['added']} pictures added, {counts['existing']} there already, {counts['skipped']} left aside")
    return counts
