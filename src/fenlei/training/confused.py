"""Pairs of classes that are taken for each other, with pictures to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

MOST_PAIRS = 20
MOST_PICTURES = 6
"""Pairs, the most frequent first, and pictures of each, the surest mistakes first."""


class ConfusedPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of the one class that was called the other.

    Attributes:
        name: its path, with `/`.
        score: of what it was called.
        truth_score: of its own class.
        thumbnail: index into the gallery, or None where it is not shown.
    """

    name: str
    score: float
    truth_score: float
    thumbnail: int | None = None


class ConfusedPair(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures of class `truth` that were called `called`: `count` in all, some of them listed."""

    truth: str
    called: str
    count: int
    pictures: list[ConfusedPicture]


def confused_pairs(
    scores: NDArray[np.float64],
    truth: NDArray[np.int64],
    labels: Sequence[str],
    names: Sequence[str],
    show: Callable[[int], int | None],
) -> list[ConfusedPair]:
    """The most frequent mix-ups, in the order of the report's list of pairs.

    Args:
        scores: (n, c).
        truth: (n,) class numbers.
        labels: the c class names.
        names: (n) of the pictures.
        show: puts the picture of a row into the gallery and tells its index; None where no picture may travel.
    """
    called = scores.argmax(axis=1)
    members: dict[tuple[int, int], list[int]] = {}
    for row in np.flatnonzero(called != truth):
        members.setdefault((int(truth[row]), int(called[row])), []).append(int(row))
    pairs = []
    for (right, said), rows in sorted(members.items(), key=lambda each: (-len(each[1]), each[0]))[:MOST_PAIRS]:
        surest = sorted(rows, key=lambda row: (scores[row, right], row))[:MOST_PICTURES]
        pictures = [
            ConfusedPicture(
                name=names[row],
                score=float(scores[row, said]),
                truth_score=float(scores[row, right]),
                thumbnail=show(row),
            )
            for row in surest
        ]
        pairs.append(ConfusedPair(truth=labels[right], called=labels[said], count=len(rows), pictures=pictures))
    return pairs
