"""Carry out an import: file by file into the data set, in batches of which each is there whole or not at all.

A batch is read and examined, its files become blobs, and then one transaction writes pictures, labels, entries of the
report and how far it is. Whoever is killed in between has written nothing, or all of it; the next one leaves out what
has an entry. A second one at work on the same import at the same time sees that somebody else counted on, and stops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from fenlei.contract.errors import FenleiError
from fenlei.datasets.entering import Entering, entry_name
from fenlei.datasets.found import Skipped
from fenlei.datasets.history import note_import
from fenlei.datasets.importers import Found, FoundFile
from fenlei.datasets.imports import State, check_whole
from fenlei.datasets.laid_down import remove_files
from fenlei.datasets.reading import Examined, Outcome, examined
from fenlei.datasets.sources import open_source
from fenlei.store import Conflict, NotFound, Store, Work, now
from fenlei.store.tables import Import

BATCH_FILES = 256
BATCH_BYTES = 64 * 1024 * 1024
BATCH_SKIPPED = 5_000

Progress = Callable[[int, int], None]
Guard = Callable[[Work], None]
T = TypeVar("T", FoundFile, Skipped)


def carry_out(
    store: Store,
    folder: Path,
    import_id: str,
    *,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    guard: Guard = lambda work: None,
) -> dict[str, Any]:
    """Bring the pictures of an import into its data set. Called again after a kill, it goes on.

    Args:
        store: where the import is.
        folder: where uploads are laid down.
        import_id: which one.
        progress: told how many of how many files are dealt with.
        cancelled: asked before every batch; True stops. What is in the data set by then stays, and the import may go
            on later.
        guard: called first in every transaction; raises when this caller may not write any more.

    Returns:
        How many files were `added`, `existing`, `skipped`, of how many in `total`; `state`: done or cancelled.

    Raises:
        NotFound: there is no such import.
        Conflict: a file has not arrived whole, or somebody else is carrying it out.
        DatasetError: its source cannot be read.
    """
    with store.writing() as work:
        guard(work)
        row = work.imports.lock(import_id)
        if row.state == State.DONE:
            return row.counts | {"state": State.DONE.value}
        uploads = work.imports.uploads(import_id)
        check_whole(row, uploads)
        row = work.imports.change(import_id, state=State.IMPORTING, error=None)
    course = _Course(store, row, guard)
    try:
        with open_source(folder, row, uploads) as found:
            state = course.run(found, progress, cancelled)
    except Exception as exc:
        course.note_failure(exc)
        raise
    if state is State.DONE:
        remove_files(folder, import_id)
    return course.counts | {"state": state.value}


class _Stopped(Exception):
    """The import was cancelled."""


class _Course:
    """One attempt to carry an import out."""

    def __init__(self, store: Store, row: Import, guard: Guard) -> None:
        self._store = store
        self._row = row
        self._guard = guard
        self.counts: dict[str, Any] = {"added": 0, "existing": 0, "skipped": 0, "total": 0} | row.counts

    def run(self, found: Found, progress: Progress, cancelled: Callable[[], bool]) -> State:
        with self._store.reading() as work:
            dealt_with = Counter(work.imports.names_of_entries(self._row.id))
        files = _left_over(found.files, dealt_with)
        skipped = _left_over(found.skipped, dealt_with)
        total = _done(self.counts) + len(files) + len(skipped)
        try:
            with self._turn() as (work, entering):
                if self._row.format != found.format:  # nobody has looked at it before
                    work.imports.change(self._row.id, format=found.format)
                entering.declare(work, found.labels)
                entering.counts["total"] = total
            progress(_done(self.counts), total)
            for batch in _batches(files):
                if cancelled():
                    self._cancel()
                self._bring_in(batch)
                progress(_done(self.counts), total)
            for start in range(0, len(skipped), BATCH_SKIPPED):
                with self._turn() as (work, entering):
                    entering.leave_out(work, skipped[start : start + BATCH_SKIPPED])
                progress(_done(self.counts), total)
            with self._turn() as (work, _):
                work.datasets.lock(self._row.dataset_id)
                note_import(work, self._row.dataset_id, self._row.id, self._row.created_by)
                work.imports.change(self._row.id, state=State.DONE, finished_at=now())
        except _Stopped:
            return State.CANCELLED
        return State.DONE

    def _bring_in(self, batch: list[Outcome]) -> None:
        # The blobs first: a row never refers to one that is not there.
        digests = self._store.blobs.put_many([each.data for each in batch if isinstance(each, Examined)])
        with self._turn() as (work, entering):
            entering.bring_in(work, batch, digests)

    def _cancel(self) -> None:
        with self._turn() as (work, _):
            work.imports.change(self._row.id, state=State.CANCELLED)
        raise _Stopped

    @contextmanager
    def _turn(self) -> Iterator[tuple[Work, Entering]]:
        """A transaction in which this attempt, and nobody else, goes on from where it is."""
        with self._store.writing() as work:
            self._guard(work)
            row = work.imports.lock(self._row.id)
            if row.state == State.CANCELLED:
                raise _Stopped
            if row.state != State.IMPORTING or _done(row.counts) != _done(self.counts):
                raise Conflict(f"The import {row.id} is being carried out by somebody else.")
            entering = Entering(self._row, dict(self.counts))
            yield work, entering
            work.imports.count(row.id, entering.counts)
        self.counts = entering.counts

    def note_failure(self, exc: Exception) -> None:
        """Let people see that this attempt failed, unless others go on; what it brought in stays."""
        if isinstance(exc, (Conflict, NotFound)):
            return
        said = str(exc) if isinstance(exc, FenleiError) else f"An unexpected {type(exc).__name__} ended the import."
        # Whatever keeps this from being written is not worth more than the failure itself.
        with suppress(Exception), self._turn() as (work, _):
            work.imports.change(self._row.id, state=State.FAILED, error=said)


def _done(counts: dict[str, Any]) -> int:
    return sum(counts.get(each, 0) for each in ("added", "existing", "skipped"))


def _left_over(each: list[T], dealt_with: Counter[str]) -> list[T]:
    """Those that have no entry yet. Where several have one name, as many are left out as there are entries."""
    if not dealt_with:
        return each
    left = []
    for one in each:
        name = entry_name(one.name)
        if dealt_with[name] > 0:
            dealt_with[name] -= 1
        else:
            left.append(one)
    return left


def _batches(files: Iterable[FoundFile]) -> Iterator[list[Outcome]]:
    batch: list[Outcome] = []
    size = 0
    for outcome in examined(files):
        batch.append(outcome)
        size += len(outcome.data) if isinstance(outcome, Examined) else 0
        if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
