"""Which pictures show the same thing twice: exact copies, near ones (see witnesses.py) and altered ones (see
altered.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.altered import altered_pairs
from fenlei.datasets.clumps import clumps
from fenlei.datasets.disjoint_sets import DisjointSets
from fenlei.datasets.feature_space import feature_space
from fenlei.datasets.fingerprint import Fingerprint
from fenlei.datasets.witnesses import Witnesses

MOST_TOGETHER = 50
"""A group grows to this many different pictures by near pairs and no further: a chain of look-alikes must not swallow
a class, and wherever it is cut, neighbours part. More copies than this of one picture stay whole (see clumps.py)."""


@dataclass(frozen=True)
class Groups:
    """Pictures that belong together.

    Attributes:
        group_of: (n,) group numbers, 0 upwards by first appearance; a picture without duplicate is alone in its group.
        exact: (g,) whether all pictures of the group are the same file or the same pixels.
    """

    group_of: NDArray[np.int64]
    exact: NDArray[np.bool_]

    def members(self) -> list[list[int]]:
        """The pictures of every group of two or more, by first appearance."""
        found: dict[int, list[int]] = {}
        for picture, group in enumerate(self.group_of):
            found.setdefault(int(group), []).append(picture)
        return [pictures for pictures in found.values() if len(pictures) > 1]


class Duplicates:
    """Looks for pictures that show the same thing twice: at once for equal and near ones, for altered ones when asked.

    The work grows with the number of pictures and of look-alikes, not with its square: hashes are compared within
    bands of their bits, and within crowded bands only near neighbours in hash order; altered copies are looked for
    among the nearest in the space of features.

    Args:
        files: (n,) SHA-256 of each file.
        prints: (n,) fingerprints of the prepared inputs, all of one preprocessing.
        features: (n, d) of one backbone.

    Attributes:
        near: groups of equal and near pictures.
    """

    def __init__(self, files: Sequence[bytes], prints: Sequence[Fingerprint], features: NDArray[np.float32]) -> None:
        self._sets = DisjointSets(len(files))
        for same in (_first_with(files), _first_with([(each.pixels, each.thumbnail.tobytes()) for each in prints])):
            for picture, first in enumerate(same):
                self._sets.join(picture, first)
        self._exact = self._sets.numbers()
        # One picture stands for its copies, whatever their number: they leave room for near ones in the group.
        self._sets.count_each_once()
        self._firsts = np.unique(self._exact, return_index=True)[1]
        self._different = [prints[first] for first in self._firsts]
        self._space = feature_space(features[self._firsts])
        if len(self._firsts) > 1:
            _join_near(self._sets, self._firsts, Witnesses(self._different, self._space))
        self.near = self._groups()

    def with_altered(self) -> Groups:
        """All there are. What takes longest: thousands of pairs of pictures are laid over each other."""
        for one, other in altered_pairs(self._different, self._space):
            self._sets.join(int(self._firsts[one]), int(self._firsts[other]), most=MOST_TOGETHER)
        return self._groups()

    def _groups(self) -> Groups:
        group_of, exact = self._sets.numbers(), self._exact
        mixed = np.zeros(int(group_of.max(initial=-1)) + 1, np.int64)
        np.maximum.at(mixed, group_of, exact + 1)
        lowest = np.full(len(mixed), len(exact), np.int64)
        np.minimum.at(lowest, group_of, exact + 1)
        return Groups(group_of, mixed == lowest)


def find_duplicates(files: Sequence[bytes], prints: Sequence[Fingerprint], features: NDArray[np.float32]) -> Groups:
    """Group the pictures of a data set; arguments as for `Duplicates`."""
    return Duplicates(files, prints, features).with_altered()


def _join_near(sets: DisjointSets, firsts: NDArray[np.int64], witnesses: Witnesses) -> None:
    pairs = witnesses.near_pairs()
    for clump in clumps(witnesses, pairs, larger_than=MOST_TOGETHER):
        for picture in firsts[clump[1:]]:
            sets.join(int(firsts[clump[0]]), int(picture))
    sets.count_each_once()
    for one, other in pairs:
        sets.join(int(firsts[one]), int(firsts[other]), most=MOST_TOGETHER)


def _first_with(keys: Sequence[object]) -> list[int]:
    first: dict[object, int] = {}
    return [first.setdefault(key, number) for number, key in enumerate(keys)]
