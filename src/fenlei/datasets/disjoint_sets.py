"""Disjoint sets of picture numbers: who belongs together through whom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class DisjointSets:
    """Union-find with path halving. A set goes by its lowest number."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self._size = [1] * count

    def join(self, one: int, other: int, most: int | None = None) -> bool:
        """Unite the sets of two pictures, unless the result would have more than `most`; whether they were united."""
        first, second = sorted((self.root(one), self.root(other)))
        if first == second or (most is not None and self._size[first] + self._size[second] > most):
            return False
        self._parent[second] = first
        self._size[first] += self._size[second]
        return True

    def count_each_once(self) -> None:
        """From now on a set counts as one, however many pictures it holds."""
        self._size = [1] * len(self._parent)

    def numbers(self) -> NDArray[np.int64]:
        """(n,) set numbers by first appearance."""
        numbers: dict[int, int] = {}
        return np.array(
            [numbers.setdefault(self.root(number), len(numbers)) for number in range(len(self._parent))], np.int64
        )

    def root(self, number: int) -> int:
        """The number that a picture's set goes by."""
        parent = self._parent
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number
