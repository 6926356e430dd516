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
    return next((part for part in (Part.TEST, Part.VALIDATION) if part in parts), None)


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
    pictures: Sequence[Picture], groups: NDArray[np.int64], labels: Sequence[str], fraction: float, seed: int
) -> Division:
    """Put the pictures into the two parts.

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
    test = stratified_split(truth.tolist(), groups.tolist(), fraction, seed)
    if not test.any():
        raise TrainingError(
            "In every class all pictures are copies of one picture or of one group, so none can be held out to judge "
            "the model. "
            "Add pictures that differ."
        )
    return Division(truth, groups, test, HELD_OUT, 0)
