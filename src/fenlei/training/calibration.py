"""Temperature scaling: scores that mean what they say (Guo et al. 2017, "On Calibration of Modern Neural Networks")."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

COLDEST, HOTTEST = 0.02, 50.0


def fit_temperature(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """The divisor of the logits under which they explain the truth best. No class changes its place.

    The truth counts as (n + 1) / (n + 2) sure, as Platt (1999) does, so that twenty pictures that all came out right
    do not claim certainty.

    Args:
        logits: (n, c) of pictures that the model did not learn from.
        truth: (n,) class numbers.

    Returns:
        A temperature in [0.02, 50]; 1 where there are no pictures.
    """
    count = len(truth)
    if count == 0:
        return 1.0
    doubt = 1 / (count + 2)
    centred = logits - logits.max(axis=1, keepdims=True)
    target = (1 - doubt) * centred[np.arange(count), truth] + doubt * centred.mean(axis=1)

    def slope(factor: float) -> tuple[float, float]:
        """Of the loss over the factor 1 / temperature, in which it is convex; and how that changes."""
        powers = np.exp(centred * factor)
        powers /= powers.sum(axis=1, keepdims=True)
        powers *= centred
        means = powers.sum(axis=1)
        powers *= centred
        return float(np.mean(means - target)), float(np.mean(powers.sum(axis=1) - means * means))

    return 1 / _zero(slope, 1 / HOTTEST, 1 / COLDEST)


def _zero(function: Callable[[float], tuple[float, float]], low: float, high: float, steps: int = 60) -> float:
    """Where a rising function, told with its derivative, is zero; the nearer end where it is not. Newton's steps, and
    halves, in the logarithm, where a step would leave what is known or would hardly be shorter than that."""
    if function(low)[0] >= 0:
        return low
    if function(high)[0] <= 0:
        return high
    here: float = (low * high) ** 0.5
    for _ in range(steps):
        value, rise = function(here)
        low, high = (here, high) if value < 0 else (low, here)
        there = here - value / rise if rise > 0 else low
        if not low < there < high:
            there = (low * high) ** 0.5
        if abs(there - here) <= 1e-10 * here:
            return there
        here = there
    return here
