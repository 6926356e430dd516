"""Processes that take turns at a file: many at once who only add, one alone who takes away."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from fenlei.store.errors import StoreError

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes], alone: bool) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # Windows knows no company

    def take_now(file: IO[bytes]) -> bool:
        """Take the turn alone if nobody has it; returns whether."""
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def leave(file: IO[bytes]) -> None:
        """End the turn."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(file: IO[bytes], alone: bool) -> None:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)

    def take_now(file: IO[bytes]) -> bool:
        """Take the turn alone if nobody has it; returns whether."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(file: IO[bytes]) -> None:
        """End the turn."""
        fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def turn(path: Path, *, alone: bool, wait: bool = True) -> Iterator[bool]:
    """Take a turn at `path`, which is made when it is not there; the turn ends with the block or the process.

    Args:
        path: the file.
        alone: nobody else has a turn meanwhile.
        wait: until the others let it be; otherwise the block begins at once and is told whether it has the turn alone.

    Raises:
        StoreError: the file cannot be opened.
    """
    try:
        file = path.open("ab")
    except OSError as exc:
        raise StoreError(f"{path} cannot be opened: {exc.strerror}.") from exc
    with file:
        if not wait:
            taken = take_now(file)
        else:
            _take(file, alone)
            taken = True
        try:
            yield taken
        finally:
            if taken:
                leave(file)
