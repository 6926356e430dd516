"""Projects: made, renamed, cloned, put into the archive and taken out again, deleted when what hangs on them may go."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from fenlei.datasets.create import BadValue
from fenlei.projects.naming import checked_name, checked_note, numbered_name
from fenlei.projects.training_settings import training_settings
from fenlei.runs.plain import plain
from fenlei.store import Conflict, Store, Work, new_id, now
from fenlei.store.projects import ProjectHanging
from fenlei.store.tables import GraphRevision, Project

MOST_SETTINGS_BYTES = 1_000_000


class ProjectKind(StrEnum):
    """What a project is. An automated one trains by itself; a canvas one is a graph that a person draws."""

    AUTOMATED = "automated"
    CANVAS = "canvas"


class ProjectInUse(Conflict):
    """Something hangs on a project, and nobody said that it may go.

    Attributes:
        hanging: what does.
    """

    def __init__(self, message: str, hanging: ProjectHanging) -> None:
        super().__init__(message)
        self.hanging = hanging


class _Unchanged:
    """Stands for a value that is to stay."""


UNCHANGED = _Unchanged()


def create_project(
    store: Store,
    name: str,
    kind: str,
    dataset_id: str | None = None,
    settings: dict[str, Any] | None = None,
    by: str | None = None,
    *,
    note: str = "",
) -> Project:
    """Make a project.

    Args:
        store: where.
        name: 1 to 200 characters; no other project has it.
        kind: `automated` or `canvas`.
        dataset_id: the data set it works on; may be chosen later.
        settings: of an automated project, how it trains (see `TrainingSettings`); of a canvas, anything.
        by: id of the user who makes it.
        note: whatever people want to know about it.

    Raises:
        BadValue: the name, kind or a setting cannot be.
        NotFound: there is no such data set.
        Conflict: the name is taken.
    """
    if kind not in list(ProjectKind):
        raise BadValue(f"There is no project of the kind {kind!r}.", "kind", " or ".join(ProjectKind))
    at = now()
    row = Project(
        id=new_id("pr"),
        name=checked_name("project", name),
        kind=kind,
        note=checked_note(note),
        dataset_id=dataset_id,
        settings=_settings(kind, settings or {}),
        revision=1,
        created_at=at,
        created_by=by,
        updated_at=at,
    )
    with store.writing() as work:
        if dataset_id is not None:
            work.datasets.get(dataset_id)
        return work.projects.add(row)


def change_project(
    store: Store,
    project_id: str,
    *,
    name: str | None = None,
    note: str | None = None,
    dataset_id: str | _Unchanged | None = UNCHANGED,
    settings: dict[str, Any] | None = None,
    revision: int | None = None,
) -> Project:
    """Rename a project, choose its data set, change its note or its settings. Runs that were asked for keep theirs.

    Args:
        store: where it is.
        project_id: which.
        name: the new name; None leaves it.
        note: the new note; None leaves it.
        dataset_id: the data set it works on from now on; None: none.
        settings: all of them, anew; None leaves them.
        revision: the one that the caller saw.

    Raises:
        NotFound, Stale: no such project or data set; another revision.
        BadValue: the name, note or a setting cannot be.
        Conflict: the name is taken.
    """
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = checked_name("project", name)
    if note is not None:
        values["note"] = checked_note(note)
    with store.writing() as work:
        project = work.projects.lock(project_id, revision)
        if not isinstance(dataset_id, _Unchanged):
            if dataset_id is not None:
                work.datasets.get(dataset_id)
            values["dataset_id"] = dataset_id
        if settings is not None:
            values["settings"] = _settings(project.kind, settings)
        return work.projects.change(project_id, **values) if values else project


def clone_project(store: Store, project_id: str, name: str | None = None, by: str | None = None) -> Project:
    """Make a project like another: same kind, data set, note, settings and latest graph; no runs, models or
    deployments.

    Args:
        store: where it is.
        project_id: which.
        name: of the new one; None takes the old one's with a number behind it.
        by: id of the user who makes it.

    Raises:
        NotFound: there is no such project.
        BadValue: it cannot be called that.
        Conflict: the name is taken.
    """
    at = now()
    with store.writing() as work:
        old = work.projects.lock(project_id)
        row = Project(
            id=new_id("pr"),
            name=free_name(work, old.name) if name is None else checked_name("project", name),
            kind=old.kind,
            note=old.note,
            dataset_id=old.dataset_id,
            settings=old.settings,
            revision=1,
            created_at=at,
            created_by=by,
            updated_at=at,
        )
        made = work.projects.add(row)
        latest = work.graphs.latest(old.id)
        if latest is not None:
            work.graphs.add(_copied(latest, made.id, by))
        return made


def _copied(revision: GraphRevision, project_id: str, by: str | None) -> GraphRevision:
    """The same graph as a revision of another project; its number is given when it is added."""
    return GraphRevision(
        id=new_id("gr"),
        project_id=project_id,
        graph=revision.graph,
        digest=revision.digest,
        meaning=revision.meaning,
        note=revision.note,
        created_at=now(),
        created_by=by,
    )


def archive_project(store: Store, project_id: str, *, revision: int | None = None) -> Project:
    """Put a project out of sight; it cannot be run until it is taken out again. Its deployments go on answering.

    Raises:
        NotFound, Stale: no such project; another revision.
        ProjectInUse: a run of it is not finished.
    """
    with store.writing() as work:
        project = work.projects.lock(project_id, revision)
        if project.archived_at is not None:
            return project
        hanging = work.projects.hanging(project_id)
        _refuse_unfinished(project, hanging)
        return work.projects.change(project_id, archived_at=now())


def unarchive_project(store: Store, project_id: str, *, revision: int | None = None) -> Project:
    """Take a project out of the archive.

    Raises:
        NotFound, Stale: no such project; another revision.
    """
    with store.writing() as work:
        project = work.projects.lock(project_id, revision)
        return project if project.archived_at is None else work.projects.change(project_id, archived_at=None)


def what_hangs_on(store: Store, project_id: str) -> ProjectHanging:
    """What would go, or stay without its project, if this one were deleted.

    Raises:
        NotFound: there is no such project.
    """
    with store.reading() as work:
        work.projects.get(project_id)
        return work.projects.hanging(project_id)


def delete_project(
    store: Store, project_id: str, *, and_all: bool = False, revision: int | None = None
) -> ProjectHanging:
    """Delete a project and its runs. Its models and deployments stay, and go on answering, without a project.

    Args:
        store: where it is.
        project_id: which.
        and_all: delete it although something hangs on it.
        revision: the one that the caller saw.

    Returns:
        What hung on it.

    Raises:
        NotFound, Stale: no such project; another revision.
        ProjectInUse: something hangs on it and `and_all` is False; or a run is not finished, in any case.
    """
    with store.writing() as work:
        project = work.projects.lock(project_id, revision)
        hanging = work.projects.hanging(project_id)
        _refuse_unfinished(project, hanging)
        if not and_all and not hanging.nothing:
            raise ProjectInUse(f"On the project {project.name!r} hang {said(hanging)}. Say that all may go.", hanging)
        work.projects.remove(project_id)
    return hanging


def said(hanging: ProjectHanging) -> str:
    """What hangs on a project, and what becomes of it, for a person."""
    parts = []
    if hanging.runs:
        parts.append(f"{_count(hanging.runs, 'run')}, which would go with it")
    if hanging.models:
        versions = sum(number for _, _, number in hanging.models)
        names = _listed([repr(name) for _, name, _ in hanging.models])
        parts.append(f"the {_plural('model', len(hanging.models))} {names} ({_count(versions, 'version')}), which stay")
    if hanging.deployments:
        names = _listed([repr(name) for _, name in hanging.deployments])
        parts.append(f"the {_plural('deployment', len(hanging.deployments))} {names}, which stay")
    return "; ".join(parts)


def _refuse_unfinished(project: Project, hanging: ProjectHanging) -> None:
    if hanging.unfinished:
        runs = _listed([f"run {number}" for _, number in hanging.unfinished])
        raise ProjectInUse(
            f"The project {project.name!r} is being worked on by {runs}. Cancel that first, or wait until it is over.",
            hanging,
        )


def _settings(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    if kind == ProjectKind.AUTOMATED:
        training_settings(settings)
        return settings
    kept: dict[str, Any] = plain(settings)
    if len(msgspec.json.encode(kept)) > MOST_SETTINGS_BYTES:
        raise BadValue("The settings are too long.", "settings", f"up to {MOST_SETTINGS_BYTES} bytes of JSON")
    return kept


def free_name(work: Work, name: str) -> str:
    number = 2
    while work.projects.named(numbered_name(name, number)) is not None:
        number += 1
    return numbered_name(name, number)


def _listed(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _count(number: int, noun: str) -> str:
    return f"{number} {_plural(noun, number)}"


def _plural(noun: str, number: int) -> str:
    return noun if number == 1 else f"{noun}s"
