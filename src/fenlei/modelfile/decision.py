"""When a score is enough for an answer: a threshold for each class, by precision or by cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from fenlei.modelfile.errors import DamagedModelFile

PRECISION, COST = "precision", "cost"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds of the classes, chosen on pictures that were not learned from.

    By `precision`, the class with the largest score is answered where that reaches its threshold. By `cost`, the class
    with the largest gain, weight * (score - threshold), is answered where that is not below zero: the weight is what a
    wrong and a missed answer of the class cost together, and the threshold where both are worth the same. Where
    neither gives a class, there is none to be answered.

    Attributes:
        method: `precision` or `cost`.
        thresholds: one per class, 0 to 1, in class order.
        weights: one per class, > 0; there by `cost`.
    """

    method: str
    thresholds: list[float]
    weights: list[float] | None = None

    def choose(self, scores: Sequence[float]) -> int | None:
        """The number of the class to answer; None where no score is enough. Of equals the first."""
        if self.weights is None:
            best = max(range(len(scores)), key=scores.__getitem__)
            return best if scores[best] >= self.thresholds[best] else None
        gains = [
            weight * (score - threshold)
            for weight, score, threshold in zip(self.weights, scores, self.thresholds, strict=True)
        ]
        best = max(range(len(gains)), key=gains.__getitem__)
        return best if gains[best] >= 0 else None


def check_decision(said: Decision, classes: int) -> None:
    """Hold the thresholds of a manifest against the number of its classes.

    Raises:
        DamagedModelFile: one is absent, too many, or cannot be.
    """
    if said.method not in (PRECISION, COST) or (said.weights is None) != (said.method == PRECISION):
        raise DamagedModelFile(f"The decision is made by {said.method!r}; `precision`, or `cost` with weights, can be.")
    weights = [1.0] * classes if said.weights is None else said.weights
    if len(said.thresholds) != classes or len(weights) != classes:
        raise DamagedModelFile(f"The decision has {len(said.thresholds)} thresholds for {classes} classes.")
    if not all(0 <= each <= 1 for each in said.thresholds):
        raise DamagedModelFile("The decision has a threshold outside 0 to 1.")
    if not all(each > 0 and math.isfinite(each) for each in weights):
        raise DamagedModelFile("The decision has a weight that is not above 0.")
