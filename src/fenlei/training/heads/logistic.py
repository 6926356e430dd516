"""Logistic regression: hard to beat on good features, and the one that is calibrated by nature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Dense, Layer
from fenlei.training.heads.kind import Fitted, Setting
from fenlei.training.logistic import fit_logistic, fit_side_by_side

STRENGTHS = tuple(float(10.0**power) for power in np.arange(1.0, -5.5, -0.5))
"""Penalties from strong to weak: each solution is a good start for the next."""


class LogisticHead:
    """One linear layer, by `fit_logistic`."""

    name = "logistic regression"

    @property
    def path(self) -> Sequence[Setting]:
        """Strengths of the penalty."""
        return [{"strength": strength} for strength in STRENGTHS]

    @property
    def begin(self) -> int:
        """At 0.1: stronger ones take most steps to learn with, and are hardly ever chosen."""
        return STRENGTHS.index(0.1)

    def fit(
        self,
        rows: NDArray[Any],
        truth: NDArray[np.int64],
        classes: int,
        weights: NDArray[np.float64] | None,
        setting: Setting,
        *,
        seed: int,
        start: Any = None,
        fine: bool = False,
        step: Callable[[], None] = lambda: None,
    ) -> Fitted:
        """See `HeadKind`. Nothing here is random."""
        solution = fit_logistic(
            rows,
            truth,
            classes,
            setting["strength"],
            weights=weights,
            start=start,
            tolerance=1e-6 if fine else 1e-4,
            step=step,
        )
        return Fitted((as_layer(solution),), solution)

    def fit_folds(
        self,
        rows: NDArray[Any],
        truth: NDArray[np.int64],
        classes: int,
        weights: NDArray[np.float64],
        setting: Setting,
        *,
        start: Any = None,
        step: Callable[[], None] = lambda: None,
    ) -> tuple[list[tuple[Layer, ...]], Any]:
        """See `SideBySide`."""
        solution = fit_side_by_side(rows, truth, classes, setting["strength"], weights, start=start, step=step)
        return [(as_layer(solution[:, fold]),) for fold in range(weights.shape[1])], solution


def as_layer(solution: NDArray[np.float64]) -> Dense:
    """(r + 1, c) with the bias as last row, as a layer."""
    return Dense(solution[:-1].astype(np.float32), solution[-1].astype(np.float32))
