"""What more pictures would bring, as a report tells it."""

from __future__ import annotations

import msgspec


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """How well the head does that learned from a share of the training part.

    Attributes:
        share: of the pictures that a fold learns from, of each class.
        pictures: how many those are, the mean over folds.
        score: the figure that is aimed at, on pictures that the folds held out.
        score_interval: its 95 % interval.
    """

    share: float
    pictures: int
    score: float
    score_interval: tuple[float, float]


class ClassGain(msgspec.Struct, frozen=True, kw_only=True):
    """What half of the pictures of one class are worth.

    Attributes:
        label: the class.
        pictures: of the class in the training part.
        gain: by how much the score of the right class is higher, in the mean over all pictures held out (every class
            alike where that is the aim), when all pictures of this class are learned from instead of half of them;
            0.01 is a point.
        noise: standard error of `gain`.
    """

    label: str
    pictures: int
    gain: float
    noise: float

    @property
    def sure(self) -> bool:
        """Whether it is a gain beyond noise."""
        return self.gain > 2 * self.noise


class LearningCurve(msgspec.Struct, frozen=True, kw_only=True):
    """What the last pictures brought, measured by learning from fewer, within the training part.

    Attributes:
        head: what was learned: the winner's head, or where that takes too long a quicker one on its features.
        aim: the figure that `score` is.
        points: from few pictures to all.
        rise: by how much the score is higher with all pictures than with half of them.
        rise_noise: standard error of `rise`.
        gains: by class, the largest first; of classes that are large enough to be halved.
        fits: heads that were learned for it.
    """

    head: str
    aim: str
    points: list[CurvePoint]
    rise: float
    rise_noise: float
    gains: list[ClassGain]
    fits: int
