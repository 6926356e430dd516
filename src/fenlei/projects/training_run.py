"""Train an automated project: a run that learns from a version of its data set and leaves a model version behind."""

from __future__ import annotations

from typing import Any

import msgspec

from fenlei.datasets.versions import make_version, read_version
from fenlei.projects.projects import ProjectKind
from fenlei.projects.trainable import cells_now, cells_of, check_trainable
from fenlei.projects.training_settings import training_settings
from fenlei.runs import enqueue
from fenlei.store import Conflict, Store, Work
from fenlei.store.tables import DatasetVersion, Project, Run

TRAIN = "train"
"""The kind of run."""


def start_training(
    store: Store,
    project_id: str,
    dataset_version_id: str | None = None,
    settings: dict[str, Any] | None = None,
    by: str | None = None,
    *,
    priority: int = 0,
) -> Run:
    """Ask for a model.

    Args:
        store: where the project is.
        project_id: which.
        dataset_version_id: what to learn from; None takes the project's data set as it is now, as a version.
        settings: what differs from the project's own for this one run; see `TrainingSettings`.
        by: id of the user who asks.
        priority: greater ones go first.

    Returns:
        The run, queued, with the subject `{"project_id", "dataset_id", "dataset_version_id"}`.

    Raises:
        NotFound: there is no such project or version.
        BadValue: a setting cannot be.
        Conflict: the project is a canvas, is in the archive, or has no data set; or the version is of another one.
        NotTrainable: there is too little to learn from.
    """
    with store.reading() as work:
        project = _runnable(work, project_id)
        version = None if dataset_version_id is None else work.versions.get(dataset_version_id)
        dataset_id = _dataset_of(project, version)
        dataset = work.datasets.get(dataset_id)
        labels, cells = cells_now(work, dataset_id)
    wishes = training_settings({**project.settings, **(settings or {})})
    if version is None:
        # Looked at before the version is made, so that what cannot be trained on leaves none behind.
        check_trainable(dataset.name, labels, cells)
        version = make_version(store, dataset_id, by=by)
    else:
        content = read_version(store, version.id)
        check_trainable(dataset.name, content.labels, cells_of(content))
    with store.writing() as work:
        work.projects.lock(project_id)
        _runnable(work, project_id)  # it may have been put into the archive meanwhile
        return enqueue(
            work,
            kind=TRAIN,
            subject={"project_id": project_id, "dataset_id": dataset_id, "dataset_version_id": version.id},
            settings=msgspec.to_builtins(wishes),
            project_id=project_id,
            priority=priority,
            time_limit=wishes.time_limit,
            by=by,
        )


def training(work: Work, run_id: str) -> Run:
    """A run that is a training.

    Raises:
        NotFound: there is no such run.
        Conflict: it is one of another kind.
    """
    run = work.runs.get(run_id)
    if run.kind != TRAIN:
        raise Conflict(f"The run {run_id} is a run of the kind {run.kind!r}; only trainings look for a model.")
    return run


def check_not_archived(project: Project) -> None:
    """Refuse to run what was put out of sight.

    Raises:
        Conflict: the project is in the archive.
    """
    if project.archived_at is not None:
        raise Conflict(f"The project {project.name!r} is in the archive; take it out to run it.")


def _runnable(work: Work, project_id: str) -> Project:
    project = work.projects.get(project_id)
    if project.kind != ProjectKind.AUTOMATED:
        raise Conflict(f"The project {project.name!r} is a canvas: it runs its graph. Automated projects are trained.")
    check_not_archived(project)
    return project


def _dataset_of(project: Project, version: DatasetVersion | None) -> str:
    if project.dataset_id is None and version is None:
        raise Conflict(f"The project {project.name!r} has no data set; choose one first.")
    if version is None:
        return str(project.dataset_id)
    if project.dataset_id is not None and version.dataset_id != project.dataset_id:
        raise Conflict(
            f"The version {version.id} is of another data set than the one that the project {project.name!r} works on."
        )
    return version.dataset_id
