"""Multinomial logistic regression: the smallest mean loss of a picture plus a penalty on large weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

MOST_STEPS = 300


def fit_logistic(
    rows: NDArray[Any],
    truth: NDArray[np.int64],
    classes: int,
    strength: float,
    *,
    weights: NDArray[Any] | None = None,
    start: NDArray[np.float64] | None = None,
    tolerance: float = 1e-4,
    step: Callable[[], None] = lambda: None,
) -> NDArray[np.float64]:
    """Minimise mean cross-entropy + strength / 2 · |W|², the bias unpunished, by L-BFGS.

    Args:
        rows: (n, r), float32 (twice as fast) or float64 (finer).
        truth: (n,) class numbers; a class without rows is allowed and gets low scores.
        classes: how many classes there are.
        strength: weight of the penalty, > 0.
        weights: (n,) how much each row counts; None: all alike.
        start: where to begin, of the shape that is returned: the solution for a near strength saves most steps.
        tolerance: largest slope at which the solution counts as found.
        step: called after each step; may raise to end it.

    Returns:
        (r + 1, c) float64, the bias as last row.
    """
    kind = rows.dtype
    count, width = rows.shape
    share = np.full(count, 1 / count, kind) if weights is None else (weights / weights.sum()).astype(kind)
    here = np.arange(count)
    floor = 1e-3 / count  # a class without rows would sink for ever

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        solution = flat.reshape(width + 1, classes)
        weight = solution[:-1].astype(kind)
        logits = rows @ weight + solution[-1].astype(kind)
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        sums = powers.sum(axis=1, keepdims=True)
        value = float(np.dot(share, np.log(sums[:, 0]) - logits[here, truth]))
        powers /= sums
        powers[here, truth] -= 1
        powers *= share[:, None]
        slope = np.empty_like(solution)
        slope[:-1] = rows.T @ powers
        slope[:-1] += strength * solution[:-1]
        slope[-1] = powers.sum(axis=0) + floor * solution[-1]
        value += 0.5 * (strength * float(np.sum(solution[:-1] ** 2)) + floor * float(np.sum(solution[-1] ** 2)))
        return value, slope.ravel()

    first = np.zeros((width + 1) * classes) if start is None else start.ravel()
    options = {"maxiter": MOST_STEPS, "gtol": tolerance, "ftol": 1e-10}
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options=options, callback=lambda _: step())
    return np.asarray(found.x, np.float64).reshape(width + 1, classes)


def fit_side_by_side(
    rows: NDArray[Any],
    truth: NDArray[np.int64],
    classes: int,
    strength: float,
    weights: NDArray[Any],
    *,
    start: NDArray[np.float64] | None = None,
    tolerance: float = 1e-4,
    step: Callable[[], None] = lambda: None,
) -> NDArray[np.float64]:
    """Several of these problems at once, which differ in how much each row counts, such as folds.

    Their sum is minimised: no problem has a variable of another, so each is at its own minimum there, and one product
    of matrices serves them all.

    Args:
        rows: (n, r), as for `fit_logistic`.
        truth: (n,), likewise.
        classes: likewise.
        strength: likewise.
        weights: (n, p) how much each row counts in each problem; 0 leaves it out.
        start: where to begin, of the shape that is returned.
        tolerance: largest slope at which the solution counts as found.
        step: called after each step; may raise to end it.

    Returns:
        (r + 1, p, c) float64, biases as last row.
    """
    kind = rows.dtype
    (count, width), problems = rows.shape, weights.shape[1]
    share = (weights / weights.sum(axis=0)).astype(kind)
    here = np.arange(count)
    floor = 1e-3 / np.count_nonzero(weights, axis=0).astype(np.float64).repeat(classes)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        solution = flat.reshape(width + 1, problems * classes)
        logits = rows @ solution[:-1].astype(kind) + solution[-1].astype(kind)
        logits = logits.reshape(count, problems, classes)
        logits -= logits.max(axis=2, keepdims=True)
        right = logits[here, :, truth]
        powers = np.exp(logits, out=logits)
        sums = powers.sum(axis=2, keepdims=True)
        value = float(np.sum(share * (np.log(sums[:, :, 0]) - right), dtype=np.float64))
        powers /= sums
        powers[here, :, truth] -= 1
        powers *= share[:, :, None]
        slopes = powers.reshape(count, problems * classes)
        slope = np.empty_like(solution)
        slope[:-1] = rows.T @ slopes
        slope[:-1] += strength * solution[:-1]
        slope[-1] = slopes.sum(axis=0) + floor * solution[-1]
        value += 0.5 * (strength * float(np.sum(solution[:-1] ** 2)) + float(np.sum(floor * solution[-1] ** 2)))
        return value, slope.ravel()

    first = np.zeros((width + 1) * problems * classes) if start is None else start.ravel()
    options = {"maxiter": MOST_STEPS, "gtol": tolerance, "ftol": 1e-10}
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options=options, callback=lambda _: step())
    return np.asarray(found.x, np.float64).reshape(width + 1, problems, classes)


def predict(rows: NDArray[Any], solution: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits (n, c) of rows (n, r)."""
    return np.asarray((rows @ solution[:-1].astype(rows.dtype)).astype(np.float64) + solution[-1])
