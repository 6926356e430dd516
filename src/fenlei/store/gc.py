"""Blobs that nothing refers to, and taking them away while the platform runs.

Why that is safe: a blob is put before the row that refers to it is committed, and putting one that is there makes it
young. Blobs younger than a grace period are left alone, and each is looked at once more in the moment of its removal.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from fenlei.store.clock import now
from fenlei.store.errors import DamagedBlob, NotFound, StoreError
from fenlei.store.keeping import removing
from fenlei.store.place import Leftovers
from fenlei.store.progress import Progress, silent
from fenlei.store.references import lists_of_nodes, manifests, named_in_manifest, named_in_rows, spoken_of_in_runs
from fenlei.store.store import Store

GRACE = timedelta(hours=24)
"""Longer than anything takes between putting a blob and committing the row that refers to it."""

SHORTEST = timedelta(minutes=10)
"""A grace period below this is for tests alone."""

WRITING = timedelta(hours=1)
"""What is half-written and has not grown for so long is not being written any more."""

UNUSED = timedelta(days=30)
"""Results of nodes that nobody has taken for so long are dropped; what a run itself left behind stays as long as the
run does."""

BATCH = 500
"""Blobs that are removed at a time; on disk nobody can put one meanwhile."""


@dataclass(frozen=True)
class Garbage:
    """What nothing refers to.

    Attributes:
        blobs: size in bytes by SHA-256.
        leftovers: what processes that died left half-written.
        before: all of this is older.
    """

    blobs: dict[str, int]
    leftovers: Leftovers
    before: datetime

    @property
    def files(self) -> int:
        """How many."""
        return len(self.blobs) + self.leftovers.files

    @property
    def bytes(self) -> int:
        """How much room they take."""
        return sum(self.blobs.values()) + self.leftovers.bytes


def find_garbage(store: Store, grace: timedelta = GRACE) -> Garbage:
    """Look for blobs that nothing refers to. Nothing is removed.

    Args:
        store: where.
        grace: younger blobs are left alone; somebody may be about to refer to them.

    Raises:
        StoreError: database or blobs cannot be read, also a manifest of a data set version.
    """
    before = now() - grace
    blobs = {blob.sha256: blob.bytes for blob in store.blobs.all() if blob.written_at < before}
    with store.reading() as work:
        versions, lists = manifests(work.session), lists_of_nodes(work.session)
        for digest in chain(named_in_rows(work.session), spoken_of_in_runs(work.session)):
            blobs.pop(digest, None)
    for manifest, version in versions.items():
        try:
            for digest in named_in_manifest(store.blobs, manifest):
                blobs.pop(digest, None)
        except (NotFound, DamagedBlob) as exc:
            raise StoreError(
                f"The manifest of the data set version {version} cannot be read, so nobody knows what it needs: {exc}"
            ) from exc
    for listing in lists - versions.keys():
        with suppress(NotFound, DamagedBlob):  # a result that is gone is worked out again
            for digest in named_in_manifest(store.blobs, listing):
                blobs.pop(digest, None)
    return Garbage(blobs, store.blobs.leftovers(_stale(grace)), before)


def remove_garbage(store: Store, grace: timedelta = GRACE, progress: Progress = silent) -> Garbage:
    """Remove blobs that nothing refers to.

    Args:
        store: where.
        grace: younger blobs are left alone.
        progress: told how far it is.

    Returns:
        What was removed.

    Raises:
        Conflict: a backup is being made, or another removal is going on.
        StoreError: database or blobs cannot be used.
    """
    with removing(store.database):
        with store.writing() as work:
            work.results.forget(now() - max(grace, UNUSED))
        garbage = find_garbage(store, grace)
        removed: dict[str, int] = {}
        for batch in _batches(list(garbage.blobs)):
            gone = store.blobs.remove(batch, garbage.before)
            removed |= {digest: garbage.blobs[digest] for digest in gone}
            progress("removing", len(removed), len(garbage.blobs))
        store.blobs.sweep(_stale(grace))
    return Garbage(removed, garbage.leftovers, garbage.before)


def _stale(grace: timedelta) -> datetime:
    return now() - max(grace, WRITING)


def _batches(digests: list[str]) -> list[list[str]]:
    return [digests[start : start + BATCH] for start in range(0, len(digests), BATCH)]
