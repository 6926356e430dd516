"""Work that is so dear that only little of it is done side by side; who comes too many is asked to come again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fenlei.api.errors import Busy


class Turns:
    """Places for a kind of work. Safe from many threads."""

    def __init__(self, most: int, what: str) -> None:
        """Make places.

        Args:
            most: how many.
            what: is being done, such as "models are being tried".
        """
        self._places = threading.BoundedSemaphore(most)
        self._said = f"{most} {what} right now; ask again in a moment."

    @contextmanager
    def take(self) -> Iterator[None]:
        """Have a place for the length of the block.

        Raises:
            Busy: all are taken.
        """
        if not self._places.acquire(blocking=False):
            raise Busy(self._said)
        try:
            yield
        finally:
            self._places.release()
