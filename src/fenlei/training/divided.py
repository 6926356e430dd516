"""The pictures of a search laid out: who learns, who judges, and by which folds everything is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import UnsetType
from numpy.typing import NDArray

from fenlei.datasets import Groups
from fenlei.training.aim import Aim, aim_for, who_chose
from fenlei.training.division import Division, divide, together
from fenlei.training.folds import draw_folds
from fenlei.training.look import Picture
from fenlei.training.task import Task


@dataclass(frozen=True)
class Divided:
    """Who learns and who judges.

    Attributes:
        groups: duplicates.
        division: of all pictures.
        learning: rows of the part that learns.
        task: that part.
    """

    groups: Groups
    division: Division
    learning: NDArray[np.int64]
    task: Task


class Divider:
    """Divides pictures by whatever is known of their duplicates.

    Args:
        pictures: (n) that can be used.
        labels: class names in class order.
        fraction: share to hold out where the folder brings no part that judges.
        seed: of the choice and of the folds.
        pins: see `division.divide`.
        aim: that was asked for.
        aim_by: who chose the aim; None: that shows.
    """

    def __init__(
        self,
        pictures: Sequence[Picture],
        labels: Sequence[str],
        fraction: float,
        seed: int,
        pins: NDArray[np.int8] | None,
        aim: Aim | None,
        aim_by: str | UnsetType | None,
    ) -> None:
        self._pictures, self._labels = pictures, labels
        self._fraction, self._seed, self._pins = fraction, seed, pins
        self._aim, self._aim_by = aim, aim_by
        self._learning, self._learners = np.zeros(0, np.int64), list[Picture]()

    def by(self, groups: Groups) -> Divided:
        """Duplicates together, the test part aside.

        Raises:
            TrainingError: nothing can be held out.
        """
        pictures, classes = self._pictures, len(self._labels)
        kept_together = together(groups.group_of, [each.item.group for each in pictures])
        division = divide(pictures, kept_together, self._labels, self._fraction, self._seed, self._pins)
        learning = np.flatnonzero(~division.test)
        if not np.array_equal(learning, self._learning):  # else it is the same list, by which others remember it
            self._learning, self._learners = learning, [pictures[row] for row in learning.tolist()]
        truth, of_learners = division.truth[learning], division.groups[learning]
        task = Task(
            pictures=self._learners,
            truth=truth,
            groups=of_learners,
            classes=classes,
            seed=self._seed,
            folds=draw_folds(truth, of_learners, self._seed),
            aim=aim_for(self._aim, truth, classes),
            aim_by=who_chose(self._aim, truth, classes) if self._aim_by is None else self._aim_by,
        )
        return Divided(groups, division, learning, task)
