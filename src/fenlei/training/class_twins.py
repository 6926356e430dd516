"""The same picture under two classes: at least one of the labels is wrong, or the classes are not two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets import Groups


class ClassTwin(NamedTuple):
    """A picture that is there under another class as well.

    Attributes:
        row: the picture.
        other: its twin under another class, the nearest of those under the likeliest.
        exact: whether both are the same file or the same pixels.
        suspicion: 0.5 to 1: how much speaks for the other class.
    """

    row: int
    other: int
    exact: bool
    suspicion: float


def class_twins(
    groups: Groups,
    files: Sequence[bytes],
    truth: NDArray[np.int64],
    scores: NDArray[np.float64],
    known: NDArray[np.bool_],
    features: NDArray[np.float32],
) -> list[ClassTwin]:
    """Find pictures of which a duplicate has another label.

    Which of the two is wrong nobody knows from the pictures; what speaks for the other class is how many of the
    duplicates carry it, times its score, both as shares. Folds keep duplicates together, so no score comes from a head
    that had learned from the twin.

    Args:
        groups: duplicates among the pictures.
        files: (n) SHA-256 of each file.
        truth: (n,) class numbers.
        scores: (n, c) by heads that had not seen the picture.
        known: (n,) whether there are such scores.
        features: (n, d), by which the nearest twin is found.
    """
    found = []
    for members in groups.members():
        rows = np.array(members)
        votes = np.bincount(truth[rows], minlength=scores.shape[1]).astype(np.float64)
        if np.count_nonzero(votes) < 2:
            continue
        exact = bool(groups.exact[groups.group_of[rows[0]]])
        for row in members:
            weight = votes * (scores[row] if known[row] else 1.0) + 1e-9 * votes
            own = weight[truth[row]]
            weight[truth[row]] = 0
            label = int(weight.argmax())
            twins = rows[truth[rows] == label]
            apart = np.linalg.norm(features[twins] - features[row], axis=1)
            other = int(twins[apart.argmin()])
            share = float(weight[label] / (weight[label] + own))
            found.append(ClassTwin(row, other, exact or files[row] == files[other], (1 + share) / 2))
    return found
