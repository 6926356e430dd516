"""The network's input of each picture: decoded as it is for serving, ahead of its use, and kept while there is room."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from fenlei.imaging import InputSpec, prepare_for_training
from fenlei.inference.cores import usable_cores
from fenlei.training.alteration import Alteration
from fenlei.training.look import Picture, unchanged

MOST_KEPT = 1 << 30
"""Bytes of inputs that are kept in memory."""


class Pixels(AbstractContextManager["Pixels"]):
    """Inputs by row of `pictures`. For one thread.

    Args:
        pictures: (n).
        spec: the preprocessing.
        mirrored: whether altered copies are mirrored by chance.
    """

    def __init__(self, pictures: Sequence[Picture], spec: InputSpec, *, mirrored: bool = False) -> None:
        self.pictures = pictures
        self.spec = spec
        self._mirrored = mirrored
        self._kept: dict[int, NDArray[np.uint8]] = {}
        self._room = MOST_KEPT // (spec.height * spec.width * 3)
        self._pool = ThreadPoolExecutor(usable_cores(), thread_name_prefix="fenlei-decode")

    def batches(self, order: Sequence[NDArray[np.int64]], variant: int = 0) -> Iterator[NDArray[np.uint8]]:
        """One batch (n, height, width, 3) for each array of rows; the next is decoded while one is worked on.

        Args:
            order: the rows.
            variant: 0 is the picture itself; a higher number is that altered copy of it.

        Raises:
            DatasetError: a file is not any more what it was.
        """
        ahead: list[Future[NDArray[np.uint8]]] = []
        for place in range(len(order)):
            if not ahead:
                ahead = self._begin(order[place], variant)
            ready, ahead = ahead, []
            if place + 1 < len(order):
                ahead = self._begin(order[place + 1], variant)
            yield np.stack([each.result() for each in ready])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _begin(self, rows: NDArray[np.int64], variant: int) -> list[Future[NDArray[np.uint8]]]:
        work = functools.partial(self._copy, variant=variant) if variant else self._one
        return [self._pool.submit(work, int(row)) for row in rows]

    def _copy(self, row: int, variant: int) -> NDArray[np.uint8]:
        picture = self.pictures[row]
        alteration = Alteration(variant - 1, mirrored=self._mirrored and variant % 2 == 0)
        return alteration.prepare(self.spec)(unchanged(picture.item, picture.digest))

    def _one(self, row: int) -> NDArray[np.uint8]:
        kept = self._kept.get(row)
        if kept is None:
            picture = self.pictures[row]
            kept = prepare_for_training(unchanged(picture.item, picture.digest), self.spec)
            if len(self._kept) < self._room:
                self._kept[row] = kept
        return kept
