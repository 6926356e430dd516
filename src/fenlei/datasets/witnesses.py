"""Whether two pictures are near: one was made of the other by saving again, resizing or cropping a hair.

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
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.feature_space import FeatureSpace
from fenlei.datasets.fingerprint import Fingerprint

MOST_BITS = 7
LEAST_CORRELATION = 0.98
MOST_DISTANCE = 0.6
"""Of the median feature distance of two pictures drawn at random."""

_BANDS = ((0, 11), (11, 11), (22, 11), (33, 11), (44, 10), (54, 10))
_WHOLE_BUCKET = 256
_WINDOW = 24
_FLAT = 16.0
"""Length of a centred thumbnail, in grey levels, below which it is a flat picture and proves nothing."""


class Witnesses:
    """What is known of each picture, ready to be compared.

    Args:
        prints: (n,) fingerprints of the prepared inputs.
        space: (n) the pictures by the features of one backbone.
    """

    def __init__(self, prints: Sequence[Fingerprint], space: FeatureSpace) -> None:
        self._hashes = np.array([each.dhash for each in prints], np.uint64)
        thumbs = np.stack([each.thumbnail for each in prints]).astype(np.float32)
        thumbs -= thumbs.mean(axis=0)
        thumbs -= thumbs.mean(axis=1, keepdims=True)
        lengths = np.linalg.norm(thumbs, axis=1)
        self._telling = lengths >= _FLAT
        self._thumbs = thumbs / np.maximum(lengths, 1e-6)[:, None]
        self._space = space.points
        self._farthest = MOST_DISTANCE * space.typical

    def near(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Whether all three witnesses call each pair near, and the feature distance of those that are."""
        agree = np.bitwise_count(self._hashes[left] ^ self._hashes[right]) <= MOST_BITS
        agree &= self._telling[left] & self._telling[right]
        for witness in (self._look_alike, self._close):
            agree[agree] = witness(left[agree], right[agree])
        return agree, self._apart(left[agree], right[agree])

    def near_to(self, one: int) -> NDArray[np.int64]:
        """The pictures near to one picture, nearest first; without itself."""
        others = np.delete(np.arange(len(self._hashes)), one)
        agree, distance = self.near(np.full(len(others), one), others)
        return np.asarray(others[agree][np.argsort(distance, kind="stable")])

    def near_pairs(self) -> list[tuple[int, int]]:
        """Pairs of near pictures, nearest first; in crowds of equal hashes some of them."""
        found: dict[tuple[int, int], float] = {}
        for left, right in _candidates(self._hashes):
            agree, distance = self.near(left, right)
            found.update(
                zip(zip(left[agree].tolist(), right[agree].tolist(), strict=True), distance.tolist(), strict=True)
            )
        return sorted(found, key=lambda pair: (found[pair], pair))

    def _look_alike(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        correlation = np.einsum("ij,ij->i", self._thumbs[left], self._thumbs[right])
        return np.asarray(correlation >= LEAST_CORRELATION)

    def _close(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        return self._apart(left, right) <= self._farthest

    def _apart(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.asarray(np.linalg.norm(self._space[left] - self._space[right], axis=1), np.float32)


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
        one, other = _each_with_each(len(bucket))
        yield bucket[one], bucket[other]
    else:
        for shift in range(1, _WINDOW + 1):
            yield bucket[:-shift], bucket[shift:]


@lru_cache(maxsize=32)
def _each_with_each(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of all pairs of so many. Small buckets are many, and most of the work of each would be this."""
    return np.triu_indices(count, 1)
