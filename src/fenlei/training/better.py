"""Whether one model is better than another beyond noise: the paired bootstrap over what both were judged by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
MOST_NUMBERS = 8_000_000
"""Resamples times groups; with so many groups fewer resamples say the same."""


def chance_of_gain(
    gains: NDArray[np.float64], groups: NDArray[np.int64], weights: NDArray[np.float64] | None = None, seed: int = 0
) -> float:
    """How often the mean gain is above zero when the pictures are drawn again.

    Groups of duplicates are drawn as a whole: fifty copies of one picture are one piece of evidence, not fifty
    (Field & Welsh 2007, "Bootstrapping clustered data").

    Args:
        gains: (n,) by how much each picture is better off, in any unit.
        groups: (n,) duplicate groups.
        weights: (n,) how much each counts; None: all alike.
        seed: of the resampling, so that the same question has the same answer.

    Returns:
        A share from 0 to 1, ties counting half; 0.5 where there is nothing to compare.
    """
    if not len(gains):
        return 0.5
    _, place = np.unique(groups, return_inverse=True)
    counted = np.ones(len(gains)) if weights is None else weights
    size = int(place.max()) + 1
    sums = np.bincount(place, weights=gains * counted, minlength=size)
    resamples = _resamples(size)
    rng = np.random.default_rng(seed)
    above = 0.0
    for _ in range(resamples):  # the weights' own sum divides both sides of the question and is left out
        total = float(sums[rng.integers(0, size, size)].sum())
        above += 1.0 if total > 0 else 0.5 if total == 0 else 0.0
    return above / resamples


def interval_of_gain(gains: NDArray[np.float64], groups: NDArray[np.int64], seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean gain when the pictures are drawn again, groups as a whole (percentile bootstrap).

    Args:
        gains: (n,) by how much each picture is better off, n > 0.
        groups: (n,) duplicate groups.
        seed: of the resampling.
    """
    _, place = np.unique(groups, return_inverse=True)
    size = int(place.max()) + 1
    sums, counts = np.bincount(place, weights=gains, minlength=size), np.bincount(place, minlength=size)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(_resamples(size)):
        drawn = rng.integers(0, size, size)
        found.append(float(sums[drawn].sum() / counts[drawn].sum()))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _resamples(groups: int) -> int:
    return max(100, min(RESAMPLES, MOST_NUMBERS // groups))
