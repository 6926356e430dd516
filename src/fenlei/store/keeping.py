"""Backups and the removal of blobs keep out of each other's way, in whichever processes they run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from fenlei.store.database import Database
from fenlei.store.errors import Conflict
from fenlei.store.sentences import told
from fenlei.store.turns import turn

KEEPERS_TURN = 4_203_013
"""The advisory lock on PostgreSQL."""

_ALONE = ("SELECT pg_try_advisory_lock(:number)", "SELECT pg_advisory_unlock(:number)")
_TOGETHER = ("SELECT pg_advisory_lock_shared(:number) IS NOT NULL", "SELECT pg_advisory_unlock_shared(:number)")


@contextmanager
def keeping(database: Database) -> Iterator[None]:
    """No blob is removed until the block ends. Waits for a removal that is going on."""
    with _turn(database, alone=False):
        yield


@contextmanager
def removing(database: Database) -> Iterator[None]:
    """Nobody relies on blobs that nothing refers to any more, until the block ends.

    Raises:
        Conflict: a backup is being made, or another removal is going on.
    """
    with _turn(database, alone=True):
        yield


@contextmanager
def _turn(database: Database, *, alone: bool) -> Iterator[None]:
    if database.file is not None:
        with turn(database.file.with_name(f"{database.file.name}-keep"), alone=alone, wait=not alone) as taken:
            _or_busy(taken)
            yield
        return
    take, leave = _ALONE if alone else _TOGETHER
    # Outside a transaction: the lock belongs to the connection, which may rest as long as a backup takes.
    with told(database.url), database.engine.connect() as pooled:
        connection = pooled.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("SET lock_timeout = 0"))
        try:
            _or_busy(bool(connection.execute(text(take), {"number": KEEPERS_TURN}).scalar()))
            yield
            connection.execute(text(leave), {"number": KEEPERS_TURN})
        finally:
            connection.invalidate()  # it is no longer as the others are; with it ends a lock that is still there


def _or_busy(taken: bool) -> None:
    if not taken:
        raise Conflict("A backup or another removal is going on; try again when it is done.")
