"""The pictures that a report shows: each asked for by its row, made small once, or none at all."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from fenlei.contract.errors import FenleiError
from fenlei.imaging import decode_for_training
from fenlei.inference.cores import usable_cores
from fenlei.training.look import Picture
from fenlei.training.parity import small_file

LARGE, SMALL = 160, 96
"""Longest side in pixels of what is looked at, and of what only stands beside it."""


class Gallery:
    """Collects what is to be shown.

    Args:
        pictures: (n), which rows number.
        open: whether pictures may travel; where they may not, every index is None.

    Attributes:
        open: the same.
    """

    def __init__(self, pictures: Sequence[Picture], *, open: bool) -> None:  # noqa: A002 (as a gallery is)
        self._pictures, self.open = pictures, open
        self._wanted: list[tuple[int, int] | bytes] = []
        self._places: dict[int, int] = {}

    def show(self, row: int, longest: int = LARGE) -> int | None:
        """Show a picture; returns its index. One that is asked for twice is shown once, in the larger size."""
        if not self.open:
            return None
        if row not in self._places:
            self._places[row] = len(self._wanted)
            self._wanted.append((row, longest))
        elif longest == LARGE:
            self._wanted[self._places[row]] = row, longest
        return self._places[row]

    def add(self, file: bytes) -> int | None:
        """Show a JPEG or PNG file as it is; returns its index."""
        if not self.open:
            return None
        self._wanted.append(file)
        return len(self._wanted) - 1

    @property
    def large(self) -> dict[int, int]:
        """Index by row of the pictures that are looked at."""
        return {row: place for row, place in self._places.items() if self._wanted[place] == (row, LARGE)}

    def files(self) -> list[bytes]:
        """Everything that is shown, as small JPEG files, by index. A file that is gone by now gives a grey one."""
        if not self._wanted:
            return []
        with ThreadPoolExecutor(max(2, usable_cores()), thread_name_prefix="fenlei-thumbnail") as pool:
            return list(pool.map(self._file, self._wanted))

    def _file(self, wanted: tuple[int, int] | bytes) -> bytes:
        if isinstance(wanted, bytes):
            return wanted
        row, longest = wanted
        try:
            pixels = decode_for_training(self._pictures[row].item.read(), at_least=(longest, longest))
        except FenleiError:
            pixels = np.full((longest, longest, 3), 127, np.uint8)
        return small_file(pixels, longest=longest, quality=80)
