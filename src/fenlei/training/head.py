"""The learned layer: its strength chosen by cross-validation, its temperature by what came out there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fenlei.datasets.split import KEPT, stratified_folds
from fenlei.modelfile import Head, softmax
from fenlei.training.basis import Basis, find_basis
from fenlei.training.calibration import fit_temperature
from fenlei.training.evaluation import log_loss
from fenlei.training.logistic import fit_logistic, predict

STRENGTHS = tuple(float(10.0**power) for power in np.arange(1.0, -5.5, -0.5))
"""Penalties from strong to weak: each solution is a good start for the next."""

DEFAULT_STRENGTH = 0.01
"""Where nothing can be held out: in the middle of what real sets choose."""

FOLDS = 5
MOST_IN_FOLDS = 20_000
"""Pictures that take part in choosing; with more the choice does not move, and the time does."""

WORTH = 0.005
"""A weaker penalty must lower the loss by this share; below it the steadier head is kept."""

PATIENCE = 2
"""Penalties in a row that bring nothing before the path ends."""

_FINE = 20_000_000
"""Numbers up to which the last fit is made in double precision."""

UNEVEN = 2.0
"""Largest over smallest class from which on pictures are weighted."""


@dataclass(frozen=True)
class Learned:
    """A head and how it came to be.

    Attributes:
        head: ready for `ModelFile`.
        strength: the chosen penalty.
        class_weights: (c,) factors, or None where all pictures count alike.
        held_out: (n,) whether a picture was held out by a fold.
        logits: (n, c) of the pictures by folds that held them out, before the temperature; zero elsewhere.
        loss: log loss of those after the temperature, in nats; None where nothing could be held out.
    """

    head: Head
    strength: float
    class_weights: NDArray[np.float64] | None
    held_out: NDArray[np.bool_]
    logits: NDArray[np.float64]
    loss: float | None


def learn_head(
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    classes: int,
    *,
    seed: int,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Learned:
    """Learn a head: find its space, choose its strength by cross-validation, fit, calibrate.

    Folds keep classes in proportion and duplicates together. The temperature is fitted on what those folds held out,
    so no picture outside of `features` has a say in anything.

    Args:
        features: (n, d) of the training part.
        truth: (n,) class numbers.
        groups: (n,) duplicate groups.
        classes: number of classes.
        seed: decides the folds.
        step: called with (strengths done, strengths in all).
    """
    # One thread: on matrices of this size two take several times as long as one, and other work has the cores.
    with threadpool_limits(1, user_api="blas"):
        basis = find_basis(features)
        rows = basis.project(features)
        per_class = class_weights(truth, classes)
        weights = None if per_class is None else per_class[truth]
        strength, held_out, logits = choose_strength(rows, truth, groups, classes, weights, seed=seed, step=step)
        temperature = fit_temperature(logits[held_out], truth[held_out])
        head = _fit(basis, rows, truth, classes, strength, weights, temperature)
    loss = log_loss(softmax(logits[held_out] / temperature), truth[held_out]) if held_out.any() else None
    return Learned(head, strength, per_class, held_out, logits, loss)


def refit_head(like: Learned, features: NDArray[np.float32], truth: NDArray[np.int64], classes: int) -> Head:
    """Fit the same recipe (strength, rule of class weights, temperature) on other, usually more, pictures."""
    with threadpool_limits(1, user_api="blas"):
        basis = find_basis(features)
        per_class = class_weights(truth, classes)
        weights = None if per_class is None else per_class[truth]
        rows = basis.project(features)
        return _fit(basis, rows, truth, classes, like.strength, weights, like.head.temperature)


def _fit(
    basis: Basis,
    rows: NDArray[np.float32],
    truth: NDArray[np.int64],
    classes: int,
    strength: float,
    weights: NDArray[np.float64] | None,
    temperature: float,
) -> Head:
    fine = rows.astype(np.float64) if rows.size <= _FINE else rows
    solution = fit_logistic(fine, truth, classes, strength, weights=weights, tolerance=1e-6)
    weight, bias = basis.fold(solution)
    return Head.linear(weight, bias, temperature)


def class_weights(truth: NDArray[np.int64], classes: int) -> NDArray[np.float64] | None:
    """How much a picture of each class counts: the inverse square root of the class's size, mean 1 over pictures.

    Halfway between counting pictures alike, where small classes are hardly ever answered, and counting classes alike,
    where they are answered too often. None where the classes are even.
    """
    counts = np.bincount(truth, minlength=classes).astype(np.float64)
    if counts.max() < UNEVEN * max(counts.min(), 1.0):
        return None
    factors = 1 / np.sqrt(np.maximum(counts, 1.0))
    return np.asarray(factors * len(truth) / np.sum(factors * counts))


def choose_strength(
    rows: NDArray[np.float32],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    classes: int,
    weights: NDArray[np.float64] | None,
    *,
    seed: int,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[float, NDArray[np.bool_], NDArray[np.float64]]:
    """Walk from strong penalties to weak ones, all folds side by side, until it brings nothing more.

    Strengths are compared by log loss after a temperature of their own: accuracy jumps by whole pictures, and the
    temperature is fitted later anyway.

    Returns:
        The strength; (n,) which pictures were held out; (n, c) their logits at that strength.
    """
    held_logits = np.zeros((len(truth), classes))
    fold_of = stratified_folds(truth.tolist(), groups.tolist(), FOLDS, seed)
    taking_part = _taking_part(len(truth), seed)
    held_out = (fold_of != KEPT) & taking_part
    if not held_out.any():
        return DEFAULT_STRENGTH, held_out, held_logits
    folds = [number for number in range(FOLDS) if np.any(held_out & (fold_of == number))]
    starts: dict[int, NDArray[np.float64] | None] = dict.fromkeys(folds)
    best_strength, best_loss, best_logits, idle = STRENGTHS[0], np.inf, held_logits, 0
    for number, strength in enumerate(STRENGTHS):
        step(number, len(STRENGTHS))
        logits = np.zeros_like(held_logits)
        for fold in folds:
            inside, outside = taking_part & (fold_of != fold), held_out & (fold_of == fold)
            solution = fit_logistic(
                rows[inside],
                truth[inside],
                classes,
                strength,
                weights=None if weights is None else weights[inside],
                start=starts[fold],
            )
            starts[fold] = solution
            logits[outside] = predict(rows[outside], solution)
        temperature = fit_temperature(logits[held_out], truth[held_out])
        loss = log_loss(softmax(logits[held_out] / temperature), truth[held_out])
        if loss < best_loss * (1 - WORTH):
            best_strength, best_loss, best_logits, idle = strength, loss, logits, 0
        else:
            idle += 1
            if idle >= PATIENCE:
                break
    step(len(STRENGTHS), len(STRENGTHS))
    return best_strength, held_out, best_logits


def _taking_part(count: int, seed: int) -> NDArray[np.bool_]:
    taking_part = np.ones(count, bool)
    if count > MOST_IN_FOLDS:
        taking_part[np.random.default_rng(seed).permutation(count)[MOST_IN_FOLDS:]] = False
    return taking_part
