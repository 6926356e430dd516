"""What a model got right and wrong, and how far its scores can be believed. numpy only: no scikit-learn, no disk."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

RELIABILITY_BINS = 15
"""Bins of equal width, as Guo et al., "On Calibration of Modern Neural Networks" (2017), count them."""

Z_95 = 1.959963984540054
"""The normal quantile that leaves 2.5 % at each side."""

SMALLEST_SCORE = 1e-15
"""A score of zero for the truth would make the log loss infinite; scores are read as at least this."""


class ClassResult(msgspec.Struct, frozen=True, kw_only=True):
    """How one class fared.

    Attributes:
        label: the class.
        precision: of the pictures called `label`, the share that are; 0 where none was called so.
        recall: of the pictures that are `label`, the share that were called so; 0 where there are none.
        f1: harmonic mean of the two; 0 where both are 0.
        support: pictures of this class that were judged.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int


class ReliabilityBin(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures whose best score lies in (`low`, `high`]: what the model claimed, and how often it was right.

    `confidence` and `accuracy` are means over the bin's `count` pictures, 0 where it is empty.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one model on one set of pictures. Everything is plain numbers, ready for JSON.

    Attributes:
        pictures: how many were judged.
        accuracy: share of pictures whose best-scored class is the truth.
        accuracy_interval: Wilson's 95 % interval of `accuracy`, (low, high).
        macro_f1: mean F1 over the classes that occur as truth or as answer.
        per_class: one entry per class, in class order.
        confusion: counts; `confusion[t][p]` pictures of class t were called p, both in class order.
        log_loss: mean of -ln(score of the truth), in nats.
        expected_calibration_error: mean over pictures of |claimed - right| by bin of best score.
        reliability: the bins behind it, from low to high.
    """

    pictures: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    per_class: list[ClassResult]
    confusion: list[list[int]]
    log_loss: float
    expected_calibration_error: float
    reliability: list[ReliabilityBin]


def evaluate(scores: ArrayLike, truth: ArrayLike, labels: Sequence[str]) -> Evaluation:
    """Judge scores against the truth.

    Args:
        scores: (n, c), rows that sum to one, columns in the order of `labels`.
        truth: (n,), index of the right class of each row.
        labels: the c class names.

    Raises:
        ValueError: the shapes do not fit, or there is nothing to judge.
    """
    score = np.asarray(scores, np.float64)
    right = np.asarray(truth, np.int64)
    if score.ndim != 2 or score.shape != (len(right), len(labels)) or not len(right):
        raise ValueError(f"scores of shape {score.shape} do not fit {len(right)} pictures and {len(labels)} classes")
    called = score.argmax(axis=1)
    confusion = confusion_matrix(right, called, len(labels))
    per_class = _per_class(confusion, labels)
    seen = (confusion.sum(axis=0) + confusion.sum(axis=1)) > 0
    bins = reliability(score, right)
    return Evaluation(
        pictures=len(right),
        accuracy=float(np.mean(called == right)),
        accuracy_interval=wilson_interval(int(np.sum(called == right)), len(right)),
        macro_f1=float(np.mean([result.f1 for result, used in zip(per_class, seen, strict=True) if used])),
        per_class=per_class,
        confusion=confusion.tolist(),
        log_loss=log_loss(score, right),
        expected_calibration_error=calibration_error(bins),
        reliability=bins,
    )


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927): it stays inside [0, 1] and holds for few trials too."""
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    spread = z * z / trials
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    # At the ends the exact value is 0 or 1; floating point leaves it a hair beside.
    return (0.0 if successes == 0 else max(0.0, centre - half)), (
        1.0 if successes == trials else min(1.0, centre + half)
    )


def confusion_matrix(truth: NDArray[np.int64], called: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Counts (classes, classes): rows are the truth, columns what the pictures were called."""
    counts = np.bincount(truth * classes + called, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def log_loss(
    scores: NDArray[np.float64], truth: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> float:
    """Mean of -ln(score of the truth) over the rows of `scores` (n, c), in nats; weights (n,), None: all alike."""
    losses = losses_of(scores, truth)
    return float(np.mean(losses) if weights is None else np.average(losses, weights=weights))


def losses_of(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) -ln(score of the truth) of the rows of `scores` (n, c), in nats."""
    return np.asarray(-np.log(np.maximum(scores[np.arange(len(truth)), truth], SMALLEST_SCORE)))


def reliability(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> list[ReliabilityBin]:
    """Best scores in bins of equal width, with what was claimed and what came true in each."""
    best = scores.max(axis=1)
    right = scores.argmax(axis=1) == truth
    edges = np.linspace(0.0, 1.0, RELIABILITY_BINS + 1)
    inside = np.clip(np.searchsorted(edges, best, side="left") - 1, 0, RELIABILITY_BINS - 1)
    found = []
    for number in range(RELIABILITY_BINS):
        here = inside == number
        count = int(here.sum())
        found.append(
            ReliabilityBin(
                low=float(edges[number]),
                high=float(edges[number + 1]),
                count=count,
                confidence=float(best[here].mean()) if count else 0.0,
                accuracy=float(right[here].mean()) if count else 0.0,
            )
        )
    return found


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean over pictures of |claimed - right| by bin (expected calibration error); 0 without pictures."""
    pictures = sum(b.count for b in bins)
    return sum(abs(b.confidence - b.accuracy) * b.count for b in bins) / max(pictures, 1)


def worst(scores: ArrayLike, truth: ArrayLike, limit: int) -> list[int]:
    """The rows that were called wrong, the surest mistakes first: by lowest score of the truth, then by row."""
    score = np.asarray(scores, np.float64)
    right = np.asarray(truth, np.int64)
    wrong = np.flatnonzero(score.argmax(axis=1) != right)
    order = np.argsort(score[wrong, right[wrong]], kind="stable")
    return [int(row) for row in wrong[order][:limit]]


def _per_class(confusion: NDArray[np.int64], labels: Sequence[str]) -> list[ClassResult]:
    results = []
    for number, label in enumerate(labels):
        hits = int(confusion[number, number])
        called, support = int(confusion[:, number].sum()), int(confusion[number].sum())
        precision = hits / called if called else 0.0
        recall = hits / support if support else 0.0
        f1 = 2 * hits / (called + support) if called + support else 0.0
        results.append(ClassResult(label=label, precision=precision, recall=recall, f1=f1, support=support))
    return results
