"""Which pictures lie near each other in the space of features: all of them compared, or in crowds those of one region.

Up to 20,000 pictures every one is compared with every other, a block at a time. Beyond, the space is cut in halves
along random directions until a region holds few enough, twice over with other directions (a forest of random
projection trees: Dasgupta, Freund, 2008), and neighbours are looked for within a region: the work then grows with the
number of pictures, and a neighbour on the other side of both forests' cuts is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.feature_space import FeatureSpace

COMPARE_ALL = 20_000
REGION = 5_000
_TREES = 2
_BLOCK = 1024


class Pairs(NamedTuple):
    """Pairs of pictures, nearest first.

    Attributes:
        left: (p,) the lower picture number.
        right: (p,) the higher one.
        distance: (p,) as a share of the median distance of two pictures drawn at random.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    distance: NDArray[np.float32]


def neighbours(space: FeatureSpace, count: int, farthest: float) -> Pairs:
    """Pairs of which one is among the nearest of the other.

    Args:
        space: (n) pictures by the features of one backbone.
        count: how many nearest of each picture; at most n × count pairs come back, twice that in a crowd.
        farthest: share of the median distance of two pictures drawn at random, beyond which none is near.
    """
    points, typical = space
    lefts, rights, distances = [], [], []
    for region in _regions(points):
        for left, right, distance in _nearest(points, region, count):
            near = distance <= farthest * typical
            lefts.append(np.minimum(left, right)[near])
            rights.append(np.maximum(left, right)[near])
            distances.append(distance[near])
    if not lefts:
        nothing = np.zeros(0, np.int64)
        return Pairs(nothing, nothing, np.zeros(0, np.float32))
    left, right, distance = np.concatenate(lefts), np.concatenate(rights), np.concatenate(distances)
    once = np.unique(left * len(points) + right, return_index=True)[1]
    # Distances of one pair differ in the last bits with the side it is seen from; `once` takes the same side each time.
    order = once[np.lexsort((right[once], left[once], distance[once]))]
    return Pairs(left[order], right[order], (distance[order] / max(typical, 1e-12)).astype(np.float32))


def _nearest(
    space: NDArray[np.float32], region: NDArray[np.int64], count: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    # Centred: the squares below cancel, and what is left of small distances is only as good as the numbers are small.
    points = space[region] - space[region].mean(axis=0)
    squares = np.einsum("ij,ij->i", points, points)
    count = min(count, len(region) - 1)
    if count < 1:
        return
    for start in range(0, len(region), _BLOCK):
        block = slice(start, start + _BLOCK)
        apart = squares[block, None] + squares[None] - 2 * (points[block] @ points.T)
        rows = np.arange(len(apart))
        apart[rows, start + rows] = np.inf
        nearest = np.argpartition(apart, count - 1, axis=1)[:, :count]
        distance = np.sqrt(np.maximum(np.take_along_axis(apart, nearest, axis=1), 0))
        yield np.repeat(region[block], count), region[nearest.ravel()], distance.ravel()


def _regions(space: NDArray[np.float32]) -> Iterator[NDArray[np.int64]]:
    everything = np.arange(len(space))
    if len(space) <= COMPARE_ALL:
        yield everything
        return
    for tree in range(_TREES):
        rng = np.random.default_rng(tree)
        waiting = [everything]
        while waiting:
            region = waiting.pop()
            if len(region) <= REGION:
                yield region
                continue
            direction = rng.standard_normal(space.shape[1], np.float32)
            order = region[np.argsort(space[region] @ direction, kind="stable")]
            waiting += [order[: len(order) // 2], order[len(order) // 2 :]]
