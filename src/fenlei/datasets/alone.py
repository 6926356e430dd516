"""One at a time with a file, among threads and among processes; a killed holder lets go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path


@contextmanager
def alone_with(path: Path) -> Iterator[BufferedRandom | None]:
    """Open a file for reading and writing, made if it is missing, and keep others from doing so.

    Gives None where somebody else has it now.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600), "r+b") as file:
        yield file if _taken(file) else None
        # Closing lets go.


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 60
    """A byte beyond every file: locking bytes of the file itself would keep others from reading them."""

    def _taken(file: BufferedRandom) -> bool:
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(0)
        return True

else:
    import fcntl

    def _taken(file: BufferedRandom) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
