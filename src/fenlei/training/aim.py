"""What a model is chosen for: being right on pictures as they come, or on every class alike."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from fenlei.training.better import chance_of_gain
from fenlei.training.evaluation import confusion_matrix, wilson_interval

VERY_UNEVEN = 10.0
"""Largest over smallest class from which on, unless told otherwise, every class counts alike: a model that never
answers the small one would hardly lose a point of accuracy."""

RESAMPLES = 1000


class Aim(StrEnum):
    """The figure that a search tries to raise."""

    ACCURACY = "accuracy"
    BALANCED = "balanced accuracy"
    MACRO_F1 = "macro-F1"


def aim_for(said: Aim | None, truth: NDArray[np.int64], classes: int) -> Aim:
    """The aim that somebody asked for, or else the one that the sizes of the classes (truth: (n,)) ask for."""
    if said is not None:
        return said
    counts = np.bincount(truth, minlength=classes)
    return Aim.BALANCED if counts.max() >= VERY_UNEVEN * max(int(counts.min()), 1) else Aim.ACCURACY


class ChosenBy(StrEnum):
    """Who said that it shall be raised."""

    USER = "user"
    SIZES = "class sizes"


def who_chose(said: Aim | None, truth: NDArray[np.int64], classes: int) -> ChosenBy | UnsetType:
    """Who chose what `aim_for` answers; unset where that is plain accuracy, of which there is nothing to explain."""
    if aim_for(said, truth, classes) is Aim.ACCURACY:
        return UNSET
    return ChosenBy.SIZES if said is None else ChosenBy.USER


def picture_weights(aim: Aim, truth: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """(n,) how much a picture's loss counts, mean 1: the same for all, or the same in sum for each class."""
    if aim is Aim.ACCURACY:
        return np.ones(len(truth))
    counts = np.bincount(truth, minlength=classes).astype(np.float64)
    weights = 1 / counts[truth]
    return np.asarray(weights / weights.mean())


def figure(aim: Aim, called: NDArray[np.int64], truth: NDArray[np.int64], classes: int) -> float:
    """The figure itself.

    Args:
        aim: which.
        called: (n,) class numbers that were answered.
        truth: (n,) class numbers that are right.
        classes: number of classes; those without a picture do not count.
    """
    if aim is Aim.ACCURACY:
        return float(np.mean(called == truth))
    confusion = confusion_matrix(truth, called, classes)
    hits, support, answered = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    if aim is Aim.BALANCED:
        return float(np.mean(hits[support > 0] / support[support > 0]))
    used = support + answered > 0
    return float(np.mean(2 * hits[used] / (support + answered)[used]))


def interval(
    aim: Aim, called: NDArray[np.int64], truth: NDArray[np.int64], classes: int, seed: int = 0
) -> tuple[float, float]:
    """Its 95 % interval: Wilson's for accuracy, else by resampling within each class (percentile bootstrap)."""
    if aim is Aim.ACCURACY:
        return wilson_interval(int(np.sum(called == truth)), len(truth))
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(truth == label) for label in range(classes)]
    found = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([rng.choice(rows, len(rows)) for rows in members if len(rows)])
        found.append(figure(aim, called[rows], truth[rows], classes))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def chance_of_figure(
    aim: Aim,
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    classes: int,
    seed: int = 0,
) -> float:
    """How often the figure of one is above that of another when the pictures are drawn again, groups as a whole.

    Args:
        aim: which figure.
        one: (n,) class numbers that were answered.
        other: (n,) likewise.
        truth: (n,) class numbers that are right.
        groups: (n,) duplicate groups.
        classes: number of classes.
        seed: of the resampling.

    Returns:
        A share from 0 to 1, ties counting half.
    """
    rng, above = np.random.default_rng(seed), 0.0
    members = np.split(np.argsort(groups, kind="stable"), np.flatnonzero(np.diff(np.sort(groups))) + 1)
    for _ in range(RESAMPLES):
        rows = np.concatenate([members[place] for place in rng.integers(0, len(members), len(members))])
        gain = figure(aim, one[rows], truth[rows], classes) - figure(aim, other[rows], truth[rows], classes)
        above += 1.0 if gain > 0 else 0.5 if gain == 0 else 0.0
    return above / RESAMPLES


def chance_of_answers(
    aim: Aim,
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    weights: NDArray[np.float64],
    classes: int,
    seed: int,
) -> float:
    """The same by whatever way suits the figure: a mean over pictures is told by what each of them gains.

    Args:
        aim, one, other, truth, groups, classes, seed: as for `chance_of_figure`.
        weights: (n,) how much each picture counts, see `picture_weights`.
    """
    if aim is Aim.MACRO_F1:  # no mean over pictures
        return chance_of_figure(aim, one, other, truth, groups, classes, seed)
    steps = (one == truth).astype(np.float64) - (other == truth)
    return chance_of_gain(steps, groups, weights, seed)
