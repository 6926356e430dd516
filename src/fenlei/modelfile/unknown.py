"""A rule for pictures of nothing known: how strange a picture's features are, and from where on too strange."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile.head import Head
from fenlei.modelfile.layers import Normalise
from fenlei.modelfile.voter import softmax

LARGEST_LOGIT, ENERGY, BEST_SCORE = "largest logit", "energy", "best score"
"""Measures on the head: Hendrycks et al. 2022, "Scaling Out-of-Distribution Detection for Real-World Settings"; Liu et
al. 2020, "Energy-based Out-of-distribution Detection"; Hendrycks & Gimpel 2017, "A Baseline for Detecting
Misclassified and Out-of-Distribution Examples"."""

HEAD_MEASURES = (LARGEST_LOGIT, ENERGY, BEST_SCORE)


@dataclass(frozen=True)
class Distances:
    """How far features lie from points, less what is far in every picture.

    With rows z = features @ weight * scale + bias, it is the `nearest`-th smallest of |z - point|², less the sum of
    z² * background: with the means of classes as points and the scatter of all pictures as background, the Mahalanobis
    distance relative to all pictures (Ren et al. 2021, "A Simple Fix to Mahalanobis Distance for Improving Near-OOD
    Detection"). Where `unit` says so, features are brought to length one first, and it is 2 - 2 z · point: the squared
    distance of directions to the k-th nearest picture (Sun et al. 2022, "Out-of-Distribution Detection with Deep
    Nearest Neighbors"), where whatever the projection leaves out counts as apart.

    Attributes:
        weight: (features, r) float32.
        scale: (r,) float32.
        bias: (r,) float32.
        points: (m, r) float32.
        background: (r,) float32.
        nearest: from 1 to m.
        unit: whether directions are compared.
        centre: the middle of what known pictures measure; subtracted.
        spread: > 0; divides what is left, so that several can be added.
    """

    weight: NDArray[np.float32]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    points: NDArray[np.float32]
    background: NDArray[np.float32]
    nearest: int = 1
    unit: bool = False
    centre: float = 0.0
    spread: float = 1.0

    @cached_property
    def squares(self) -> NDArray[np.float32]:
        """(m,) squared lengths of the points."""
        if self.unit:
            return np.ones(len(self.points), np.float32)
        return np.asarray(np.sum(self.points * self.points, axis=1))

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, features) -> (n,); the larger, the stranger."""
        if self.unit:
            features = Normalise()(features)
        rows = (features @ self.weight) * self.scale + self.bias
        squared = rows * rows
        own = np.ones((len(rows), 1), np.float32) if self.unit else squared.sum(axis=1, keepdims=True)
        apart = own + self.squares - 2 * (rows @ self.points.T)
        near = np.partition(apart, self.nearest - 1, axis=1)[:, self.nearest - 1]
        measured = np.asarray(near - squared @ self.background, np.float64)
        return (measured - self.centre) / self.spread


@dataclass(frozen=True)
class HeadMeasure:
    """How little the head's first voter has to say.

    Attributes:
        name: one of `HEAD_MEASURES`.
        temperature: divides the logits, > 0.
    """

    name: str
    temperature: float = 1.0

    def __call__(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, classes) logits of the first voter -> (n,); the larger, the stranger."""
        warm = logits / self.temperature
        if self.name == BEST_SCORE:
            return np.asarray(-softmax(warm).max(axis=1))
        most = warm.max(axis=1)
        if self.name == LARGEST_LOGIT:
            return np.asarray(-most)
        return np.asarray(-most - np.log(np.exp(warm - most[:, None]).sum(axis=1)))


@dataclass(frozen=True)
class Unknown:
    """A measure, and the threshold that was set on pictures of known classes.

    Attributes:
        rule: its name.
        measure: what it measures: the sum of distances, or a measure on the head.
        centre: the middle of what known pictures measure.
        threshold: above it a picture counts as unknown; above `centre`.
        false_rejects: the share of known pictures that was to be above it.
    """

    rule: str
    measure: tuple[Distances, ...] | HeadMeasure
    centre: float
    threshold: float
    false_rejects: float

    def strangeness(self, features: NDArray[np.float32], head: Head) -> NDArray[np.float64]:
        """(n, features) -> (n,): 0 in the middle of known pictures, 1 at the threshold, above 1 unknown."""
        if isinstance(self.measure, HeadMeasure):
            measured = self.measure(head.voters[0].logits(features))
        else:
            measured = np.sum([each(features) for each in self.measure], axis=0)
        return np.asarray((measured - self.centre) / (self.threshold - self.centre))
