"""A lock of the operating system on a file of the cache: it goes with the process that has it, however that ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO


def open_to_lock(path: Path) -> IO[bytes]:
    """Open a file for reading and writing, and make it where it is missing; what is in it stays.

    Raises:
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    return os.fdopen(descriptor, "r+b")


if sys.platform == "win32":
    import msvcrt

    def lock(file: IO[bytes]) -> None:
        """Have it alone; wait for whoever has it."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)

    def lock_together(file: IO[bytes]) -> None:
        """Windows cannot share a lock: nothing is locked, and so nobody may ever think that he has it alone."""

    def alone_at_once(file: IO[bytes]) -> bool:
        """Never: who has it together cannot be seen."""
        return False

    def unlock(file: IO[bytes]) -> None:
        """Let others have it, who took it alone."""
        file.flush()
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def lock(file: IO[bytes]) -> None:
        """Have it alone; wait for whoever has it."""
        fcntl.flock(file, fcntl.LOCK_EX)

    def lock_together(file: IO[bytes]) -> None:
        """Have it with others, and with nobody who has it alone; wait for who has."""
        fcntl.flock(file, fcntl.LOCK_SH)

    def alone_at_once(file: IO[bytes]) -> bool:
        """Have it alone if nobody else has it now; returns whether. Who had it together has it no more either way."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def unlock(file: IO[bytes]) -> None:
        """Let others have it."""
        fcntl.flock(file, fcntl.LOCK_UN)
