"""The space in which features of pictures are compared, and what is far in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_BLOCK = 128


def scaled(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features (n, d), half standardised with a floor for those that hardly move; training/basis.py says why half."""
    deviation = features.std(axis=0)
    return np.asarray(features / np.sqrt(np.maximum(deviation, 0.02 * deviation.mean() + 1e-12)), np.float32)


class FeatureSpace(NamedTuple):
    """Pictures as points.

    Attributes:
        points: (n, d), see `scaled`.
        typical: see `typical_distance`.
    """

    points: NDArray[np.float32]
    typical: float


def feature_space(features: NDArray[np.float32]) -> FeatureSpace:
    """The space of features (n, d); of fewer than two pictures nothing is far."""
    if len(features) < 2:
        return FeatureSpace(features, 0.0)
    points = scaled(features)
    return FeatureSpace(points, typical_distance(points))


def typical_distance(space: NDArray[np.float32]) -> float:
    """The median distance of two pictures drawn at random from (n, d), n at least 2."""
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, len(space), (2, 4096))
    apart = left != right
    # Of few pictures most pairs are drawn several times; each is measured once.
    pairs = np.minimum(left, right)[apart] * len(space) + np.maximum(left, right)[apart]
    pairs, drawn = np.unique(pairs, return_inverse=True)
    left, right = np.divmod(pairs, len(space))
    # A few at a time: memory that is fetched for all at once takes several times as long as the sums.
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(left), _BLOCK)]
    distances = [np.linalg.norm(space[left[block]] - space[right[block]], axis=1) for block in blocks]
    return float(np.median(np.concatenate(distances)[drawn]))
