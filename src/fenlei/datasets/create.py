"""Make, rename and delete data sets; what hangs on one is named before it goes."""

from __future__ import annotations

import unicodedata

from fenlei.datasets.found import DatasetError
from fenlei.store import Conflict, Store, new_id, now
from fenlei.store.datasets import Hanging
from fenlei.store.tables import Dataset

MOST_NAME_CHARS = 200
MOST_NOTE_CHARS = 10_000
ONLY_LOOK = ("check",)
"""Kinds of runs that keep nobody from deleting what they look at; they end then."""


class BadValue(DatasetError):
    """A value that a person gave cannot be used.

    Attributes:
        field: which one.
        allowed: what could be.
    """

    def __init__(self, message: str, field: str, allowed: str) -> None:
        super().__init__(message)
        self.field = field
        self.allowed = allowed


class InUse(Conflict):
    """Something hangs on it, and nobody said that all of that may go.

    Attributes:
        hanging: what does.
    """

    def __init__(self, message: str, hanging: Hanging) -> None:
        super().__init__(message)
        self.hanging = hanging


def create_dataset(store: Store, name: str, note: str = "", by: str | None = None) -> Dataset:
    """Make an empty data set.

    Args:
        store: where.
        name: 1 to 200 characters; no other data set has it.
        note: whatever people want to know about it.
        by: id of the user who makes it.

    Raises:
        BadValue: it cannot be called that.
        Conflict: the name is taken.
    """
    at = now()
    row = Dataset(
        id=new_id("ds"), name=_name(name), note=_note(note), revision=1, created_at=at, created_by=by, updated_at=at
    )
    with store.writing() as work:
        return work.datasets.add(row)


def change_dataset(
    store: Store, dataset_id: str, *, name: str | None = None, note: str | None = None, revision: int | None = None
) -> Dataset:
    """Rename a data set, or write another note.

    Args:
        store: where it is.
        dataset_id: which one.
        name: the new name; None leaves it.
        note: the new note; None leaves it.
        revision: the one that the caller saw.

    Raises:
        NotFound, Stale: no such data set; another revision.
        BadValue: it cannot be called that.
        Conflict: the name is taken.
    """
    values = {}
    if name is not None:
        values["name"] = _name(name)
    if note is not None:
        values["note"] = _note(note)
    with store.writing() as work:
        if not values:
            return work.datasets.lock(dataset_id, revision)
        return work.datasets.change(dataset_id, revision, **values)


def what_hangs_on(store: Store, dataset_id: str) -> Hanging:
    """What would go, or stay without its data set, if this one were deleted.

    Raises:
        NotFound: there is no such data set.
    """
    with store.reading() as work:
        work.datasets.get(dataset_id)
        return work.datasets.hanging(dataset_id)


def delete_dataset(store: Store, dataset_id: str, *, and_all: bool = False, revision: int | None = None) -> Hanging:
    """Delete a data set with its pictures, labels, imports, history and versions.

    Projects that work on it and models that learned from it stay; they lose the connection. Files that nothing refers
    to any more go with the next `fenlei gc`; what was being uploaded goes with the next sweep.

    Args:
        store: where it is.
        dataset_id: which one.
        and_all: delete it although versions or projects hang on it.
        revision: the one that the caller saw.

    Returns:
        What hung on it.

    Raises:
        NotFound, Stale: no such data set; another revision.
        InUse: versions or projects hang on it and `and_all` is False; or a run on it is not finished, in any case, but
            for checks.
    """
    with store.writing() as work:
        dataset = work.datasets.lock(dataset_id, revision)
        hanging = work.datasets.hanging(dataset_id)
        if busy := [run for run, kind in hanging.runs if kind not in ONLY_LOOK]:
            raise InUse(
                f"The data set {dataset.name!r} is being worked on by {_listed(busy)}. "
                "Cancel that first, or wait until it is finished.",
                hanging,
            )
        if not and_all and (hanging.versions or hanging.projects):
            raise InUse(f"On the data set {dataset.name!r} hang {_said(hanging)}. Say that all may go.", hanging)
        work.datasets.remove(dataset_id)
    return hanging


def _said(hanging: Hanging) -> str:
    said = []
    if hanging.versions:
        said.append(f"{len(hanging.versions)} versions" if len(hanging.versions) > 1 else "1 version")
    if hanging.projects:
        said.append(f"the projects {_listed([repr(name) for _, name in hanging.projects])}")
    return " and ".join(said)


def _listed(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _name(name: str) -> str:
    cleaned = unicodedata.normalize("NFC", name).strip()
    allowed = f"1 to {MOST_NAME_CHARS} characters, no control characters"
    if not cleaned:
        raise BadValue("A data set needs a name.", "name", allowed)
    if len(cleaned) > MOST_NAME_CHARS:
        raise BadValue(f"The name has {len(cleaned)} characters; {allowed}.", "name", allowed)
    if any(unicodedata.category(each) in {"Cc", "Cs"} for each in cleaned):
        raise BadValue(f"The name {cleaned!r} holds control characters; {allowed}.", "name", allowed)
    return cleaned


def _note(note: str) -> str:
    if len(note) > MOST_NOTE_CHARS or "\0" in note:
        allowed = f"up to {MOST_NOTE_CHARS} characters, no NUL"
        raise BadValue(f"The note has {len(note)} characters; {allowed}.", "note", allowed)
    return note
