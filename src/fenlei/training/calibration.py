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

    def loss(log_temperature: float) -> float:
        factor = np.exp(-log_temperature)
        return float(np.mean(np.log(np.exp(centred * factor).sum(axis=1)) - target * factor))

    return float(np.exp(_golden_section(loss, np.log(COLDEST), np.log(HOTTEST))))


def _golden_section(loss: Callable[[float], float], low: float, high: float, steps: int = 60) -> float:
    """Where a function with one valley between `low` and `high` is lowest (the loss is convex in 1 / temperature, so
    it has one valley in any monotone measure of it)."""
    ratio = (5**0.5 - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(steps):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = loss(right)
    return (low + high) / 2
