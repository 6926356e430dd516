"""Which calibration a head gets: one temperature, or a scale and a shift for each class where that is better for sure.

Both are of Guo et al. 2017, "On Calibration of Modern Neural Networks". Vector scaling has two numbers for each class
to learn, and it may change an answer; so it is taken only where every class has pictures enough, and where on pictures
it was not fitted on it is better beyond noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fenlei.datasets.split import stratified_folds
from fenlei.modelfile import Head, softmax
from fenlei.training.better import chance_of_gain
from fenlei.training.calibration import fit_temperature
from fenlei.training.evaluation import SMALLEST_SCORE, calibration_error, reliability
from fenlei.training.folds import FOLDS
from fenlei.training.one_thread import one_thread

ENOUGH = 25
"""Pictures of the smallest class from which on vector scaling is looked at."""

SURE = 0.95
"""Chance of being better from which on vector scaling is taken."""

WORSE = 0.15
"""Chance that it is not right less often, below which it is not taken although its scores fit better."""

MOST_COMPARED = 4_000
"""Pictures by which the two are compared; more do not move the outcome, and take time."""


@dataclass(frozen=True)
class Calibrated:
    """The calibration that was chosen, and what it does on pictures that neither head nor calibration saw.

    Attributes:
        temperature: > 0.
        scale: (c,) float32; None where the temperature does.
        shift: (c,) float32; there where `scale` is.
        vector_chance: chance that vector scaling is better; None where there were too few pictures to look.
        error_before: expected calibration error of the scores as the head gives them, by pictures held out.
        error_after: the same of calibrated scores; the calibration was fitted on other pictures.
    """

    temperature: float
    scale: NDArray[np.float32] | None = None
    shift: NDArray[np.float32] | None = None
    vector_chance: float | None = None
    error_before: float | None = None
    error_after: float | None = None

    @property
    def method(self) -> str:
        """`temperature` or `vector`."""
        return "temperature" if self.scale is None else "vector"

    def of(self, head: Head) -> Head:
        """The head with this calibration."""
        return replace(head, temperature=self.temperature, scale=self.scale, shift=self.shift)

    def scores(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """(…, c) calibrated scores of logits as the head gives them."""
        flat = logits.reshape(-1, logits.shape[-1])
        if self.scale is None or self.shift is None:
            return softmax(flat / self.temperature).reshape(logits.shape)
        return softmax(flat * self.scale + self.shift).reshape(logits.shape)


def calibrate(
    logits: NDArray[np.float64],
    held_out: NDArray[np.bool_],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    *,
    temperature: float,
    seed: int,
) -> Calibrated:
    """Choose a calibration by cross-validation on what folds held out.

    Args:
        logits: (repeats, n, c) of pictures by heads that had not seen them.
        held_out: (repeats, n) where there are some.
        truth: (n,) class numbers.
        groups: (n,) duplicate groups; they stay together.
        temperature: fitted on all of them.
        seed: of folds and resampling.
    """
    repeats, _, classes = logits.shape
    rows = np.flatnonzero(held_out.all(axis=0))
    if len(rows) > MOST_COMPARED:
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:MOST_COMPARED])
    if len(rows) < 2:
        return Calibrated(temperature)
    given, right, kin = logits[:, rows], truth[rows], groups[rows]
    folds = np.array(stratified_folds(right.tolist(), kin.tolist(), FOLDS, seed + 104_729))
    enough = int(np.bincount(right, minlength=classes).min()) >= ENOUGH
    by_one, by_class = np.zeros_like(given), np.zeros_like(given)
    with one_thread():
        for fold in range(FOLDS):
            outside = folds == fold
            seen, its = given[:, ~outside].reshape(-1, classes), np.tile(right[~outside], repeats)
            if not outside.any() or not len(its):
                continue
            one = fit_temperature(seen, its)
            by_one[:, outside] = Calibrated(one).scores(given[:, outside])
            if enough:
                by_class[:, outside] = Calibrated(one, *fit_vector(seen, its, one)).scores(given[:, outside])
        taken, chance = by_one, None
        scale: NDArray[np.float32] | None = None
        shift: NDArray[np.float32] | None = None
        if enough:
            chance = _chance(by_class, by_one, right, kin, seed)
            if chance >= SURE and _no_worse(by_class, by_one, right, kin, seed):
                every = np.tile(truth, repeats).reshape(repeats, -1)[held_out]
                taken = by_class
                scale, shift = fit_vector(logits[held_out], every, temperature)
    again = np.tile(right, repeats)
    return Calibrated(
        temperature,
        scale,
        shift,
        vector_chance=chance,
        error_before=_error(softmax(given.reshape(-1, classes)), again),
        error_after=_error(taken.reshape(-1, classes), again),
    )


def fit_vector(
    logits: NDArray[np.float64], truth: NDArray[np.int64], temperature: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scale (c,) and shift (c,) under which logits (n, c) explain the truth (n,) best.

    Each number is held to where the temperature has it as if one more picture said so, and the truth counts as nearly
    sure, as with `fit_temperature`.
    """
    count, classes = logits.shape
    doubt = 1 / (count + 2)
    target = np.full((count, classes), doubt / classes)
    target[np.arange(count), truth] += 1 - doubt
    start = np.concatenate([np.full(classes, -np.log(temperature)), np.zeros(classes)])

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = logits * np.exp(numbers[:classes])
        warm = scaled + numbers[classes:]
        warm -= warm.max(axis=1, keepdims=True)
        powers = np.exp(warm)
        sums = powers.sum(axis=1, keepdims=True)
        slopes = (powers / sums - target) / count
        away = numbers - start
        value = float(np.mean(np.log(sums[:, 0]) - (target * warm).sum(axis=1)) + away @ away / (2 * count))
        return value, np.concatenate([(slopes * scaled).sum(axis=0), slopes.sum(axis=0)]) + away / count

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return np.exp(found[:classes]).astype(np.float32), found[classes:].astype(np.float32)


def _chance(
    one: NDArray[np.float64], other: NDArray[np.float64], truth: NDArray[np.int64], groups: NDArray[np.int64], seed: int
) -> float:
    return chance_of_gain(_losses(other, truth) - _losses(one, truth), groups, seed=seed)


def _no_worse(
    one: NDArray[np.float64], other: NDArray[np.float64], truth: NDArray[np.int64], groups: NDArray[np.int64], seed: int
) -> bool:
    steps = _rights(one, truth) - _rights(other, truth)
    return chance_of_gain(steps, groups, seed=seed) >= WORSE


def _losses(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    picked = scores[:, np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.maximum(picked, SMALLEST_SCORE)).mean(axis=0))


def _rights(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray((scores.argmax(axis=2) == truth).mean(axis=0))


def _error(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    return calibration_error(reliability(scores, truth))
