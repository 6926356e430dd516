"""How well a number tells two kinds of pictures apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def auroc(known: NDArray[np.float64], strange: NDArray[np.float64]) -> float:
    """The chance that a strange picture has a larger number than a known one, ties counting half: the area under the
    ROC curve. 1 tells them apart without fail, 0.5 not at all; 0.5 where one kind is missing.

    Args:
        known: (n,).
        strange: (m,).
    """
    if not len(known) or not len(strange):
        return 0.5
    ordered = np.sort(known)
    below = np.searchsorted(ordered, strange, side="left") + np.searchsorted(ordered, strange, side="right")
    return float(below.mean() / (2 * len(known)))
