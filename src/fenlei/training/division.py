"""Who learns and who judges: the part that nothing sees before the final figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets import Item, Part, stratified_split
from fenlei.datasets.disjoint_sets import DisjointSets
from fenlei.training.errors import TrainingError
from fenlei.training.look import Picture

FROM_FOLDER, HELD_OUT = "folder", "held out"

JUDGING = (Part.TEST, Part.VALIDATION)
"""The parts of a folder that may judge; the first that is there does."""

FREE, LEARNED, HELD = -1, 0, 1
"""Of a picture: in no part yet, or in the part that learned or that judged before."""


@dataclass(frozen=True)
class Division:
    """The pictures in two parts.

    Attributes:
        truth: (n,) class numbers.
        groups: (n,) duplicate groups.
        test: (n,) True where the picture is kept for the final figures.
        origin: `folder` where DIR brought the test part, `held out` where it was drawn here.
        validation_joined: pictures of `val/` that the training part got because there is a `test/` too.
    """

    truth: NDArray[np.int64]
    groups: NDArray[np.int64]
    test: NDArray[np.bool_]
    origin: str
    validation_joined: int


def judging_part(items: Iterable[Item]) -> Part | None:
    """The part of the folder that judges: `test/`; `val/` where there is no `test/`; None where there is neither.

    Beside a `test/`, `val/` is learned from: choices are made by folds, which need no part of their own.
    """
    parts = {item.part for item in items}
    return next((part for part in JUDGING if part in parts), None)


def learnable(pictures: Sequence[Picture]) -> list[Picture]:
    """The pictures outside the judging part."""
    judging = judging_part(picture.item for picture in pictures)
    return [picture for picture in pictures if judging is None or picture.item.part is not judging]


def together(duplicates: NDArray[np.int64], named: Sequence[str | None]) -> NDArray[np.int64]:
    """Groups of pictures that belong together because they are duplicates, because somebody said so, or through both.

    Args:
        duplicates: (n,) duplicate groups.
        named: (n) names of groups; None: of no group.
    """
    if not any(named):
        return duplicates
    sets = DisjointSets(len(named))
    first: dict[tuple[str, int] | tuple[str, str], int] = {}
    for row, (duplicate, name) in enumerate(zip(duplicates.tolist(), named, strict=True)):
        sets.join(row, first.setdefault(("duplicate", duplicate), row))
        if name:
            sets.join(row, first.setdefault(("named", name), row))
    return sets.numbers()


def divide(
    pictures: Sequence[Picture],
    groups: NDArray[np.int64],
    labels: Sequence[str],
    fraction: float,
    seed: int,
    pins: NDArray[np.int8] | None = None,
) -> Division:
    """Put the pictures into the two parts.

    Args:
        pictures: (n).
        groups: (n,) duplicate groups.
        labels: class names in class order.
        fraction: share to hold out where the folder brings no part that judges.
        seed: of the choice.
        pins: (n,) where pictures were before, `FREE` where they were not: then they stay there, and only the others are
            divided. None: all are.

    Raises:
        TrainingError: nothing can be held out, because all pictures of each class are copies of each other.
    """
    number = {label: index for index, label in enumerate(labels)}
    truth = np.array([number[picture.item.label] for picture in pictures], np.int64)
    judging = judging_part(picture.item for picture in pictures)
    if judging is not None:
        test = np.array([picture.item.part is judging for picture in pictures])
        joined = sum(picture.item.part is Part.VALIDATION for picture in pictures) if judging is Part.TEST else 0
        return Division(truth, groups, test, FROM_FOLDER, joined)
    test = _held_out(truth, groups, fraction, seed, np.full(len(truth), FREE, np.int8) if pins is None else pins)
    if not test.any():
        raise TrainingError(
            "In every class all pictures are copies of one picture or of one group, so none can be held out to judge "
            "the model. "
            "Add pictures that differ."
        )
    return Division(truth, groups, test, HELD_OUT, 0)


def _held_out(
    truth: NDArray[np.int64], groups: NDArray[np.int64], fraction: float, seed: int, pins: NDArray[np.int8]
) -> NDArray[np.bool_]:
    """(n,) the part that judges. What a model once learned from does not judge, nor do its duplicates."""
    learned, held = (np.isin(groups, groups[pins == part]) for part in (LEARNED, HELD))
    test = held & ~learned
    free = np.flatnonzero(~held & ~learned)
    if len(free):
        test[free] = stratified_split(truth[free].tolist(), groups[free].tolist(), fraction, seed)
    return np.asarray(test)
