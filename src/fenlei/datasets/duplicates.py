"""Which pictures show the same thing twice: exact copies, and copies that were saved again, resized or cropped a hair.

A picture pair is near when three witnesses agree, each of which is wrong on its own for some kind of picture:

1. the difference hashes differ in at most 7 of 64 bits (cheap; finds candidates without comparing all pairs),
2. the 16 × 16 thumbnails, less the mean thumbnail of the data set, correlate by 0.98 or more,
3. the features are much closer than those of two pictures at random.

Measured on photographs saved again at 0.7 of their size and quality 60, the second never fell below 0.998; between
different handwritten digits, which hashes and features alone take for copies by the hundred, it hardly ever
reaches 0.98. Subtracting the mean keeps pictures of one fixed camera apart, where everything looks alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.fingerprint import Fingerprint

MOST_BITS = 7
LEAST_CORRELATION = 0.98
MOST_DISTANCE = 0.6
"""Of the median feature distance of two pictures drawn at random."""

MOST_TOGETHER = 50
"""A group grows to this many different pictures by near pairs and no further: a chain of look-alikes must not swallow
a class. The price: of more near copies than this of one scene, some can land on the other side of a split."""

_BANDS = ((0, 11), (11, 11), (22, 11), (33, 11), (44, 10), (54, 10))
_WHOLE_BUCKET = 256
_WINDOW = 24
_FLAT = 16.0
"""Length of a centred thumbnail, in grey levels, below which it is a flat picture and proves nothing."""


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


def find_duplicates(files: Sequence[bytes], prints: Sequence[Fingerprint], features: NDArray[np.float32]) -> Groups:
    """Group the pictures of a data set.

    The work grows with the number of pictures and of look-alikes, not with its square: hashes are compared within
    bands of their bits, and within crowded bands only near neighbours in hash order.

    Args:
        files: (n,) SHA-256 of each file.
        prints: (n,) fingerprints of the prepared inputs, all of one preprocessing.
        features: (n, d) of one backbone.
    """
    sets = _Sets(len(files))
    for same in (_first_with(files), _first_with([(each.pixels, each.thumbnail.tobytes()) for each in prints])):
        for picture, first in enumerate(same):
            sets.join(picture, first)
    exact = sets.numbers()
    # One picture stands for its copies, whatever their number: they leave room for near ones in the group.
    sets.count_each_once()
    firsts = np.unique(exact, return_index=True)[1]
    for first, second in _near_pairs(prints, features, firsts):
        sets.join(first, second, most=MOST_TOGETHER)
    group_of = sets.numbers()
    mixed = np.zeros(int(group_of.max(initial=-1)) + 1, np.int64)
    np.maximum.at(mixed, group_of, exact + 1)
    lowest = np.full(len(mixed), len(files), np.int64)
    np.minimum.at(lowest, group_of, exact + 1)
    return Groups(group_of, mixed == lowest)


def _first_with(keys: Sequence[object]) -> list[int]:
    first: dict[object, int] = {}
    return [first.setdefault(key, number) for number, key in enumerate(keys)]


def _near_pairs(
    prints: Sequence[Fingerprint], features: NDArray[np.float32], among: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """Pairs that all three witnesses call near, nearest first."""
    if len(among) < 2:
        return []
    hashes = np.array([prints[number].dhash for number in among], np.uint64)
    thumbs = np.stack([prints[number].thumbnail for number in among]).astype(np.float32)
    thumbs -= thumbs.mean(axis=0)
    thumbs -= thumbs.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(thumbs, axis=1)
    thumbs /= np.maximum(lengths, 1e-6)[:, None]
    space = features[among] * _scale(features[among])
    typical = _typical_distance(space)
    found: dict[tuple[int, int], float] = {}
    for left, right in _candidates(hashes):
        alike = np.einsum("ij,ij->i", thumbs[left], thumbs[right]) >= LEAST_CORRELATION
        alike &= (lengths[left] >= _FLAT) & (lengths[right] >= _FLAT)
        distance = np.linalg.norm(space[left[alike]] - space[right[alike]], axis=1)
        for one, other, far in zip(left[alike], right[alike], distance, strict=True):
            if far <= MOST_DISTANCE * typical:
                found[int(among[one]), int(among[other])] = float(far)
    return sorted(found, key=lambda pair: (found[pair], pair))


def _scale(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Half standardised, with a floor for features that hardly move: see training/basis.py for why half."""
    deviation = features.std(axis=0)
    return np.asarray(1 / np.sqrt(np.maximum(deviation, 0.02 * deviation.mean() + 1e-12)), np.float32)


def _typical_distance(space: NDArray[np.float32]) -> float:
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, len(space), (2, 4096))
    apart = left != right
    return float(np.median(np.linalg.norm(space[left[apart]] - space[right[apart]], axis=1)))


def _candidates(hashes: NDArray[np.uint64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs whose hashes agree in one band of bits and differ in few bits altogether; a pair may come again.

    Hashes that differ in fewer bits than there are bands agree in one by necessity; most that differ in 7 do too.
    """
    for start, bits in _BANDS:
        band = (hashes >> np.uint64(start)) & np.uint64((1 << bits) - 1)
        order = np.lexsort((hashes, band))
        for bucket in np.split(order, np.flatnonzero(np.diff(band[order])) + 1):
            for left, right in pairs_within(bucket):
                near = np.bitwise_count(hashes[left] ^ hashes[right]) <= MOST_BITS
                if near.any():
                    yield np.minimum(left, right)[near], np.maximum(left, right)[near]


def pairs_within(bucket: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of a bucket that is in hash order: all of them in a small one, near neighbours in a crowd."""
    if len(bucket) <= _WHOLE_BUCKET:
        one, other = np.triu_indices(len(bucket), 1)
        yield bucket[one], bucket[other]
    else:
        for shift in range(1, _WINDOW + 1):
            yield bucket[:-shift], bucket[shift:]


class _Sets:
    """Disjoint sets of picture numbers (union-find with path halving)."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self._size = [1] * count

    def join(self, one: int, other: int, most: int | None = None) -> None:
        """Unite the sets of two pictures, unless the result would have more than `most`."""
        first, second = sorted((self._root(one), self._root(other)))
        if first == second or (most is not None and self._size[first] + self._size[second] > most):
            return
        self._parent[second] = first
        self._size[first] += self._size[second]

    def count_each_once(self) -> None:
        """From now on a set counts as one, however many pictures it holds."""
        self._size = [1] * len(self._parent)

    def numbers(self) -> NDArray[np.int64]:
        """(n,) set numbers by first appearance."""
        return np.array(_renumbered([self._root(number) for number in range(len(self._parent))]), np.int64)

    def _root(self, number: int) -> int:
        parent = self._parent
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number


def _renumbered(roots: list[int]) -> list[int]:
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root, len(numbers)) for root in roots]
