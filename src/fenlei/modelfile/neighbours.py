"""The layer of a head that has learned nothing but keeps what it was shown: the pictures nearest to one vote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BORDER = 0.01
"""By how much the cosine of a point may be below that of the last that votes, for a part of a vote: all of it at the
last, none at the border. So an answer does not jump where two points change places by the rounding of an engine, and
copies of a picture vote together."""

DOUBT = 0.5
"""Votes that a class has before anybody has voted (Krichevsky & Trofimov 1981): one without a vote is unlikely, not
impossible."""

MOST_AT_ONCE = 8_000_000
"""Cosines that are in memory together."""


@dataclass(frozen=True)
class Neighbours:
    """Each of the nearest points votes for its class, the nearer the more: by exp(cosine / temperature), as in the
    weighted nearest neighbours of Wu et al. 2018, "Unsupervised Feature Learning via Non-Parametric Instance
    Discrimination". What it gives are logarithms of the shares of the vote.

    Attributes:
        points: (m, d) float32, rows of length one.
        labels: (m,) class number of each point.
        weights: (m,) float32, > 0; what the vote of each point is multiplied by.
        classes: number of classes.
        count: how many of the nearest vote, 1 to m; those that are hardly farther than the last of these do in part.
        temperature: > 0; the lower, the more the very nearest decide.
    """

    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    classes: int
    count: int
    temperature: float

    @property
    def at_once(self) -> int:
        """Rows that are looked at together; of more, some are looked at after others."""
        return max(1, MOST_AT_ONCE // len(self.points))

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, d) rows of length one -> (n, classes)."""
        given = [self._logits(rows[start : start + self.at_once]) for start in range(0, len(rows), self.at_once)]
        return np.concatenate(given) if given else np.zeros((0, self.classes), np.float32)

    def _logits(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        cosines = rows @ self.points.T
        place = len(self.points) - self.count
        last = np.partition(cosines, place, axis=1)[:, place : place + 1]
        parts = np.minimum((cosines - last) / np.float32(BORDER) + 1, 1)
        row, point = np.nonzero(parts > 0)
        nearness = (cosines[row, point] - cosines.max(axis=1)[row]).astype(np.float64)
        votes = np.bincount(
            row * self.classes + self.labels[point],
            np.exp(nearness / self.temperature) * parts[row, point] * self.weights[point],
            minlength=len(rows) * self.classes,
        ).reshape(len(rows), self.classes)
        shares = votes / votes.sum(axis=1, keepdims=True)
        return np.asarray(np.log(shares + DOUBT / self.count), np.float32)
