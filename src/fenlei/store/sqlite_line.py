"""Writers of one SQLite file stand in line.

SQLite lets a waiting writer ask again at ever longer intervals, so that one who writes again and again starves the
others: measured, up to 17 s beside two writers whose transactions last 50 ms. Here whoever is next holds the door, a
lock on a file beside the database, until its turn has come; who has just written must come through the door again:
0.4 s.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from fenlei.store.turns import leave, take_now


class Line:
    """The line of one process's threads at one file; they meet those of other processes at the door."""

    def __init__(self, file: Path) -> None:
        """Prepare; nothing is opened yet."""
        self._door = file.with_name(f"{file.name}-door")
        self._threads = threading.Lock()

    def begin(self, connection: sqlite3.Connection, seconds: float) -> bool:
        """Begin a writing transaction; returns whether the turn came within the time.

        Raises:
            sqlite3.Error: it cannot be begun for another reason than that others write.
        """
        end = time.monotonic() + seconds
        if not self._threads.acquire(timeout=seconds):
            return False
        try:
            connection.execute("PRAGMA busy_timeout=0")
            with self._at_the_door(end):
                return _wait(lambda: _begun(connection), end)
        finally:
            connection.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")
            self._threads.release()

    @contextlib.contextmanager
    def _at_the_door(self, end: float) -> Iterator[None]:
        try:
            door: IO[bytes] = self._door.open("ab")
        except OSError:  # a folder that cannot be written: SQLite itself will say so
            yield
            return
        with door:
            taken = _wait(lambda: take_now(door), end)
            try:
                yield
            finally:
                if taken:
                    leave(door)


def _wait(asked: Callable[[], bool], end: float) -> bool:
    while not asked():
        if time.monotonic() > end:
            return False
        time.sleep(random.uniform(0.0005, 0.004))  # noqa: S311 (no secret)
    return True


def _begun(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True
