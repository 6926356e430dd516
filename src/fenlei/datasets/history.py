"""Who changed what in a data set and when; the last change can be undone, and what was undone can be done again.

Changes are undone one after the other, the latest first. An undoing is itself a change in the history, and keeps how
things were before it, which is what redoing puts back; any other change in between makes redoing impossible.
"""

from __future__ import annotations

from fenlei.datasets.changing import Outcome
from fenlei.store import Conflict, Stale, Store, Work
from fenlei.store.changes import REDO, UNDO
from fenlei.store.tables import Change


def history(
    store: Store, dataset_id: str, before: int | None = None, limit: int = 50
) -> tuple[list[Change], int | None]:
    """Changes of a data set, the latest first, and the cursor of the next page.

    Each says who (`by`), when (`at`), its `kind`, a `summary` with what people would want to know (names as they were
    then, `pictures` counted) and whether it is undone (`undone_at`). Undoing and redoing are listed too, with the
    change they are about in `undoes`.

    Args:
        store: where the data set is.
        dataset_id: which one.
        before: the cursor of the page before.
        limit: most changes that come back.

    Raises:
        NotFound: there is no such data set.
    """
    with store.reading() as work:
        work.datasets.get(dataset_id)
        return work.changes.page(dataset_id, before, limit)


def undo(store: Store, dataset_id: str, by: str | None = None, *, revision: int | None = None) -> Outcome:
    """Take back the last change that is not undone; twice takes back two.

    A move is taken back in both data sets, as long as it is the last change in both.

    Raises:
        NotFound, Stale: no such data set; another revision.
        Conflict: nothing is left to undo, a class cannot have its name back, or a moved picture was worked on since.
    """
    return _again(store, dataset_id, by, revision, UNDO)


def redo(store: Store, dataset_id: str, by: str | None = None, *, revision: int | None = None) -> Outcome:
    """Make the change again that was undone last.

    Raises:
        NotFound, Stale: no such data set; another revision.
        Conflict: nothing was undone, or something else was changed since.
    """
    return _again(store, dataset_id, by, revision, REDO)


def note_import(work: Work, dataset_id: str, import_id: str, by: str | None) -> Change | None:
    """Write down that an import is done and has brought pictures, so that it can be undone. The classes it declared
    stay then.

    Args:
        work: the transaction, in which the data set is locked.
        dataset_id: the data set.
        import_id: the import.
        by: id of the user.

    Returns:
        The change; None where nothing came.
    """
    change = work.changes.start(dataset_id, "import", by, fields=["removed_at"])
    count = work.changes.keep_import(change, import_id)
    if not count:
        work.changes.drop(change)
        return None
    work.changes.finish(change, {"import": import_id, "pictures": count})
    return change


def _again(store: Store, dataset_id: str, by: str | None, revision: int | None, kind: str) -> Outcome:
    with store.reading() as work:
        work.datasets.get(dataset_id)
        places = _places(work, _next(work, dataset_id, kind))
    with store.writing() as work:
        # Always in one order, so that two who undo a move from its two sides do not wait for each other.
        for place in sorted({dataset_id, *places}):
            work.datasets.lock(place, revision if place == dataset_id else None)
        target = _next(work, dataset_id, kind)
        if target is None:
            raise Conflict(f"There is nothing to {kind} in this data set.")
        if not set(_places(work, target)) <= {dataset_id, *places}:
            raise Stale("The data set was changed meanwhile. Read it again.")
        for place in places:
            if place != dataset_id:
                _take_back(work, _other_side(work, target, place, kind), kind, by)
        return _take_back(work, target, kind, by)


def _next(work: Work, dataset_id: str, kind: str) -> Change | None:
    return work.changes.last(dataset_id) if kind == UNDO else work.changes.last_undo(dataset_id)


def _first(work: Work, target: Change | None) -> Change | None:
    """The change that is undone or redone in the end: for a redo, what the undoing had undone."""
    return work.changes.get(target.undoes) if target is not None and target.undoes is not None else target


def _places(work: Work, target: Change | None) -> list[str]:
    """The data sets that a change concerns."""
    first = _first(work, target)
    other = None if first is None or first.twin is None else work.changes.get(first.twin)
    return [each.dataset_id for each in (first, other) if each is not None]


def _other_side(work: Work, target: Change, place: str, kind: str) -> Change:
    """What is to be undone or redone in the other data set of a move.

    Raises:
        Conflict: it is not the last thing that happened there.
    """
    first, found = _first(work, target), _next(work, place, kind)
    theirs = _first(work, found)
    if found is None or first is None or theirs is None or theirs.id != first.twin:
        name = work.datasets.get(place).name
        raise Conflict(
            f"The pictures were moved between this data set and {name!r}, which was changed since. Undo what was "
            "changed there first, or move the pictures back."
        )
    return found


def _take_back(work: Work, target: Change, kind: str, by: str | None) -> Outcome:
    first = _first(work, target) or target
    change, count = work.changes.take_back(target, kind, by)
    if kind == REDO:
        work.changes.revive(first)
    work.changes.reopen_findings(first.id, are_open=kind == UNDO)
    work.changes.finish(change, {"kind": first.kind, "change": first.id, "pictures": count, "summary": first.summary})
    return Outcome(change, count, work.datasets.touch(change.dataset_id))
