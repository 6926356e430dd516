"""Models: names under which versions are kept, made by a run or an upload, renamed, deleted."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import Any

from fenlei.projects.naming import checked_name, checked_note, numbered_name
from fenlei.store import Conflict, Store, Work, new_id, now
from fenlei.store.tables import Model, Project


class ModelInUse(Conflict):
    """Something hangs on a model or a model version.

    Attributes:
        versions: how many versions the model has.
        deployments: (id, name) of the deployments that answer with it.
    """

    def __init__(self, message: str, versions: int, deployments: list[tuple[str, str]]) -> None:
        super().__init__(message)
        self.versions = versions
        self.deployments = deployments


def create_model(store: Store, name: str, by: str | None = None, *, note: str = "") -> Model:
    """Make a model without versions, to upload some.

    Raises:
        BadValue: it cannot be called that.
        Conflict: the name is taken.
    """
    cleaned, kept = checked_name("model", name), checked_note(note)
    row = Model(id=new_id("md"), name=cleaned, note=kept, created_at=now(), created_by=by)
    with store.writing() as work:
        return work.models.add(row)


def change_model(
    store: Store, model_id: str, *, name: str | None = None, note: str | None = None, revision: int | None = None
) -> Model:
    """Rename a model, or write another note. Deployments keep their names.

    Raises:
        NotFound, Stale: no such model; another revision.
        BadValue: it cannot be called that.
        Conflict: the name is taken.
    """
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = checked_name("model", name)
    if note is not None:
        values["note"] = checked_note(note)
    with store.writing() as work:
        return work.models.change(model_id, revision, **values) if values else work.models.lock(model_id, revision)


def delete_model(store: Store, model_id: str, *, and_all: bool = False, revision: int | None = None) -> int:
    """Delete a model with its versions. Their files go when blobs are cleaned.

    Args:
        store: where it is.
        model_id: which.
        and_all: delete it although it has versions.
        revision: the one that the caller saw.

    Returns:
        How many versions it had.

    Raises:
        NotFound, Stale: no such model; another revision.
        ModelInUse: it has versions and `and_all` is False; or a deployment answers with one, in any case.
    """
    with store.writing() as work:
        model = work.models.lock(model_id, revision)
        versions = work.models.count_versions(model_id)
        deployments = work.models.deployments(model_id=model_id)
        if deployments:
            names = ", ".join(repr(name) for _, name in deployments)
            raise ModelInUse(
                f"The model {model.name!r} answers for the deployments {names}; delete those first, or publish another "
                "model there.",
                versions,
                deployments,
            )
        if versions and not and_all:
            count = "1 version" if versions == 1 else f"{versions} versions"
            raise ModelInUse(f"The model {model.name!r} has {count}. Say that all may go.", versions, [])
        work.models.remove(model_id)
    return versions


def model_of_project(work: Work, project: Project, by: str | None) -> Model:
    """The model that a project's runs add versions to; made, under the project's name, when there is none."""
    work.projects.lock(project.id)  # two runs that end at once shall not make two
    found = work.models.of_project(project.id)
    if found is not None:
        return found
    for number in itertools.count(1):
        row = Model(
            id=new_id("md"),
            name=numbered_name(project.name, number),
            project_id=project.id,
            created_at=now(),
            created_by=by,
        )
        if work.models.named(row.name) is None:
            with suppress(Conflict):  # somebody took the name at this very moment
                return work.models.add(row)
    raise AssertionError("numbers do not end")


def model_for(work: Work, *, model_id: str | None, name: str, by: str | None) -> Model:
    """The model that an upload goes to: the one with this id, else the one of this name, else a new one.

    Raises:
        NotFound: there is none with this id.
        BadValue: a new one cannot be called that.
    """
    if model_id is not None:
        return work.models.lock(model_id)
    cleaned = checked_name("model", name)
    found = work.models.named(cleaned)
    if found is not None:
        return found
    return work.models.add(Model(id=new_id("md"), name=cleaned, created_at=now(), created_by=by))
