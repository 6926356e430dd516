"""Which pictures a choice is judged by: each is held out once, or, where there are few, several times over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.split import KEPT, stratified_folds

FOLDS = 5

FEW = 150
"""Pictures below which one division into folds says more about the division than about the model."""

REPEATS = 4
"""Divisions that are drawn then."""

MOST_IN_FOLDS = 20_000
"""Pictures that take part in choosing; with more the choice does not move, and the time does."""


@dataclass(frozen=True)
class Folds:
    """One or several divisions of the same pictures.

    Attributes:
        number: (repeats, n) the fold that holds a picture out; `KEPT` where none does.
        taking_part: (n,) whether a picture is learned from while choosing.
    """

    number: NDArray[np.int64]
    taking_part: NDArray[np.bool_]

    @property
    def held_out(self) -> NDArray[np.bool_]:
        """(repeats, n) whether a picture judges."""
        return np.asarray(self.number != KEPT)

    def parts(self) -> list[tuple[int, NDArray[np.bool_], NDArray[np.bool_]]]:
        """Every fold as (repeat, pictures to learn from, pictures to judge by)."""
        found = []
        for repeat, row in enumerate(self.number):
            for fold in range(FOLDS):
                outside = row == fold
                if outside.any():
                    found.append((repeat, self.taking_part & ~outside, outside))
        return found


def draw_folds(truth: NDArray[np.int64], groups: NDArray[np.int64], seed: int) -> Folds:
    """Divide pictures into folds: classes in proportion, duplicates together.

    Args:
        truth: (n,) class numbers.
        groups: (n,) duplicate groups.
        seed: another seed, other folds.
    """
    count = len(truth)
    taking_part = np.ones(count, bool)
    if count > MOST_IN_FOLDS:
        taking_part[np.random.default_rng(seed).permutation(count)[MOST_IN_FOLDS:]] = False
    repeats = REPEATS if count < FEW else 1
    rows = [stratified_folds(truth.tolist(), groups.tolist(), FOLDS, seed + 7919 * each) for each in range(repeats)]
    number = np.where(taking_part, np.stack(rows), KEPT)
    return Folds(number, taking_part)
