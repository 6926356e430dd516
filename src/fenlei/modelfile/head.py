"""The part of a model that was learned here: one voter or several on the backbone's features, and a calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile.layers import Dense
from fenlei.modelfile.voter import Voter, softmax

SMALLEST = 1e-30
"""A vote of zero has no logarithm; it counts as this much."""


@dataclass(frozen=True)
class Head:
    """Scores = softmax(raw / temperature), or softmax(raw * scale + shift) where classes are calibrated one by one.

    Raw are the logits of the only voter, or the logarithm of what several voters score on average, each counting by its
    share (soft voting). Whatever was done to the features before they were learned from is folded into the first layer,
    so that nothing else has to travel.

    Attributes:
        voters: at least one.
        temperature: > 0; 1 leaves the scores as they are.
        scale: (classes,) float32, > 0; None where one temperature does for all.
        shift: (classes,) float32; there where `scale` is.
    """

    voters: tuple[Voter, ...]
    temperature: float = 1.0
    scale: NDArray[np.float32] | None = None
    shift: NDArray[np.float32] | None = None

    @classmethod
    def linear(cls, weight: NDArray[np.float32], bias: NDArray[np.float32], temperature: float = 1.0) -> Head:
        """One linear layer on all features: weight (features, classes), bias (classes,)."""
        return cls((Voter((Dense(weight, bias),)),), temperature)

    @property
    def plain(self) -> bool:
        """Whether it is one linear layer and a temperature, which every Fenlei can read."""
        return len(self.voters) == 1 and self.voters[0].plain and self.scale is None

    def raw(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Class scores before calibration and softmax: (n, features) -> (n, classes)."""
        if len(self.voters) == 1:
            return self.voters[0].logits(features)
        votes = np.sum([voter.share * voter.scores(features) for voter in self.voters], axis=0)
        return np.asarray(np.log(np.maximum(votes, SMALLEST)))

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Class scores before softmax: (n, features) -> (n, classes)."""
        raw = self.raw(features)
        if self.scale is None or self.shift is None:
            return raw / self.temperature
        return raw * self.scale + self.shift

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities, rows of which sum to one: (n, features) -> (n, classes)."""
        return softmax(self.logits(features))
