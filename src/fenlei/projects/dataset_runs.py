"""Work on data sets that takes its time: imports and checks are runs, and what is done to the run is done to them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from fenlei.datasets import imports
from fenlei.datasets.checking import CHECKS
from fenlei.datasets.create import BadValue
from fenlei.datasets.imports import queue_import
from fenlei.projects.training_run import check_not_archived
from fenlei.runs import OVER, ask_again, call_off, enqueue
from fenlei.store import Conflict, Store, Work
from fenlei.store.tables import Import, Run

IMPORT, CHECK = "import", "check"
"""Kinds of runs."""


def start_import(store: Store, import_id: str, by: str | None = None, *, revision: int | None = None) -> Run:
    """Carry an import out, as a run with the subject `{"dataset_id", "import_id"}`.

    Raises:
        NotFound, Stale: no such import; another revision.
        Conflict: a file has not arrived whole, or the import is queued, at work or done already.
    """
    with store.writing() as work:
        return _start_import(work, import_id, by, revision)


def _start_import(
    work: Work, import_id: str, by: str | None, revision: int | None = None, *, retry_of: str | None = None
) -> Run:
    row = queue_import(work, import_id, revision)
    subject = {"dataset_id": row.dataset_id, "import_id": import_id}
    run = enqueue(work, kind=IMPORT, subject=subject, settings={}, by=by, retry_of=retry_of)
    work.imports.change(import_id, run_id=run.id)
    return run


def stop_import(store: Store, import_id: str, *, revision: int | None = None) -> Import:
    """Cancel an import and its run. What it brought into the data set so far stays.

    Raises:
        NotFound, Stale: no such import; another revision.
        Conflict: it is done.
    """
    with store.writing() as work:  # one transaction, so that neither is cancelled without the other
        row = imports.call_off(work, import_id, revision)
        if row.run_id is not None:
            with suppress(Conflict):  # the run was over before
                call_off(work, row.run_id)
        return row


def start_checks(
    store: Store, dataset_id: str, checks: Sequence[str], by: str | None = None, *, revision: int | None = None
) -> Run:
    """Look for what may be wrong with the pictures of a data set, as a run with the subject `{"dataset_id"}` and the
    settings `{"checks"}`.

    Raises:
        NotFound, Stale: no such data set; another revision.
        BadValue: there is no such check.
    """
    unknown = [name for name in checks if name not in CHECKS]
    if unknown:
        known = ", ".join(CHECKS)
        raise BadValue(f"There is no check {unknown[0]!r}; known are {known}.", "checks", known)
    with store.writing() as work:
        work.datasets.lock(dataset_id, revision)
        return enqueue_checks(work, dataset_id, checks, by)


def enqueue_checks(
    work: Work, dataset_id: str, checks: Sequence[str], by: str | None, *, priority: int = 0, if_possible: bool = False
) -> Run:
    """Ask for checks in a transaction that is open; with `if_possible`, to lack what one needs is no failure."""
    settings: dict[str, object] = {"checks": list(checks)}
    if if_possible:
        settings["if_possible"] = True
    return enqueue(work, kind=CHECK, subject={"dataset_id": dataset_id}, settings=settings, priority=priority, by=by)


def retry_run(store: Store, run_id: str, by: str | None = None) -> Run:
    """Ask for a run again; an import goes on where it stopped.

    Raises:
        NotFound: there is no such run.
        Conflict: it is not over, its import is done or is carried out by another run, or its project is in the archive.
    """
    with store.writing() as work:
        run = work.runs.get(run_id)
        if run.project_id is not None:
            check_not_archived(work.projects.lock(run.project_id))
        if run.kind != IMPORT or run.state not in OVER:
            return ask_again(work, run_id, by)
        return _start_import(work, str(run.subject["import_id"]), by, retry_of=run_id)
