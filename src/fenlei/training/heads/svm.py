"""Linear support vector machine: one class against the rest, squared hinge loss.

Fan et al., "LIBLINEAR: A Library for Large Linear Classification" (2008), its L2-regularised L2-loss form, primal.
Unlike logistic regression it stops caring about pictures that are right by a margin, so a few odd ones far from the
border do not bend it. Its margins are no logits; the temperature makes scores of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fenlei.training.heads.kind import Fitted, Setting
from fenlei.training.heads.logistic import as_layer

STRENGTHS = tuple(float(10.0**power) for power in np.arange(1.0, -4.5, -0.5))
MOST_STEPS = 200


class SvmHead:
    """One linear layer, all classes found in one minimisation."""

    name = "linear SVM"

    @property
    def path(self) -> Sequence[Setting]:
        """Strengths of the penalty, from strong to weak."""
        return [{"strength": strength} for strength in STRENGTHS]

    @property
    def begin(self) -> int:
        """At the steadiest."""
        return 0

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
        kind = rows.dtype
        count, width = rows.shape
        share = np.full(count, 1 / count, kind) if weights is None else (weights / weights.sum()).astype(kind)
        side = np.full((count, classes), -1, kind)
        side[np.arange(count), truth] = 1
        strength, floor = setting["strength"], 1e-3 / count

        def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            solution = flat.reshape(width + 1, classes)
            margins = rows @ solution[:-1].astype(kind) + solution[-1].astype(kind)
            short = np.maximum(1 - side * margins, 0)
            pull = -2 * share[:, None] * side * short
            slope = np.empty_like(solution)
            slope[:-1] = rows.T @ pull
            slope[:-1] += strength * solution[:-1]
            slope[-1] = pull.sum(axis=0) + floor * solution[-1]
            value = float(np.sum(share[:, None] * short * short))
            value += 0.5 * (strength * float(np.sum(solution[:-1] ** 2)) + floor * float(np.sum(solution[-1] ** 2)))
            return value, slope.ravel()

        first = np.zeros((width + 1) * classes) if start is None else start.ravel()
        options = {"maxiter": MOST_STEPS, "gtol": 1e-6 if fine else 1e-4, "ftol": 1e-10}
        found = minimize(loss, first, jac=True, method="L-BFGS-B", options=options, callback=lambda _: step())
        solution = np.asarray(found.x, np.float64).reshape(width + 1, classes)
        return Fitted((as_layer(solution),), solution)
