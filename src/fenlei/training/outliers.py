"""Pictures that are far from all others: of another kind, broken, or the only ones of their kind.

By the distance to the k-th nearest picture in the space of features (Ramaswamy, Rastogi & Shim 2000, "Efficient
Algorithms for Mining Outliers from Large Data Sets"), measured against what is usual in the picture's class: pictures
of a class of odds and ends lie far apart without being odd. What is far is told by the modified z-score of the
logarithm (Iglewicz & Hoaglin 1993), which a few very odd pictures do not move.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.feature_space import scaled

NEAREST = 5
"""Which neighbour counts: a picture with up to four copies is still seen to be far from the rest."""

MOST_REFERENCES = 2000
"""Pictures that all are compared with, spread evenly over the set: keeps the work in proportion to their number."""

FAR = 4.5
"""Modified z-score beyond which a picture is an outlier. The usual 3.5 calls every thirtieth hand of a set of hands
odd, because the sheet behind it has an edge; this every hundredth. What it can see depends on the set: six pictures of
other things were all found among hands, one among photographs of rubbish, none among those of weather, which differ as
much among themselves."""

LEAST_TIMES = 1.25
"""Where pictures of a class are hardly different from each other, a little more is still no outlier."""

FEW_IN_CLASS = 10
"""Below so many pictures a class has no distance of its own that is usual; that of all pictures is taken."""

_BLOCK = 1024
_LEAST_SPREAD = 0.02


class Outliers(NamedTuple):
    """How far each picture is from the others.

    Attributes:
        suspect: (n,) whether it is too far.
        times: (n,) its distance as a multiple of what is usual in its class.
        nearest: (n,) the picture nearest to it; -1 where there is no other.
        suspicion: (n,) 0 to 0.5, rising with the distance; 0 where it is not suspect.
    """

    suspect: NDArray[np.bool_]
    times: NDArray[np.float64]
    nearest: NDArray[np.int64]
    suspicion: NDArray[np.float64]


def find_outliers(
    features: NDArray[np.float32], truth: NDArray[np.int64], classes: int, ask: Callable[[], None] = lambda: None
) -> Outliers:
    """Find what is far.

    Args:
        features: (n, d).
        truth: (n,) class numbers.
        classes: number of classes.
        ask: called again and again, for of a hundred thousand pictures it takes seconds; may raise to end it.
    """
    distance, nearest = _distances(features, ask)
    height = np.log(np.maximum(distance, 1e-9))
    usual = np.full(classes, np.median(height))
    for label in range(classes):
        inside = height[truth == label]
        if len(inside) >= FEW_IN_CLASS:
            usual[label] = np.median(inside)
    above = height - usual[truth]
    spread = max(1.4826 * float(np.median(np.abs(above))), _LEAST_SPREAD)
    score = above / spread
    suspect = (score > FAR) & (above > np.log(LEAST_TIMES)) & (nearest >= 0)
    return Outliers(suspect, np.exp(above), nearest, np.where(suspect, 0.5 * (1 - FAR / np.maximum(score, FAR)), 0.0))


def _distances(features: NDArray[np.float32], ask: Callable[[], None]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(n,) distance of each picture to its k-th nearest among the references, and (n,) the nearest of them."""
    count = len(features)
    references = np.unique(np.linspace(0, count - 1, min(count, MOST_REFERENCES)).astype(np.int64))
    if len(references) < 2:
        return np.ones(count), np.full(count, -1, np.int64)
    space = scaled(features)
    space -= space.mean(axis=0)  # the squares below cancel: small numbers keep small distances
    targets = space[references]
    lengths = np.einsum("ij,ij->i", targets, targets)
    place = np.full(count, -1, np.int64)
    place[references] = np.arange(len(references))
    which = min(NEAREST, len(references) - 1) - 1
    distance, nearest = np.empty(count), np.empty(count, np.int64)
    for start in range(0, count, _BLOCK):
        ask()
        block = slice(start, min(start + _BLOCK, count))
        rows = space[block]
        squares = np.einsum("ij,ij->i", rows, rows)[:, None] + lengths[None] - 2 * (rows @ targets.T)
        itself = place[block] >= 0
        squares[np.flatnonzero(itself), place[block][itself]] = np.inf
        nearest[block] = references[squares.argmin(axis=1)]
        distance[block] = np.sqrt(np.maximum(np.partition(squares, which, axis=1)[:, which], 0))
    return distance, nearest
