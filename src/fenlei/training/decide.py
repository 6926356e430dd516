"""Thresholds of the classes, by the precision an answer must have or by what wrong and missed answers cost.

Chosen on scores of pictures that the heads behind them had not seen; judged, like everything, on the test part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import COST, PRECISION, Decision
from fenlei.training.better import chance_of_gain
from fenlei.training.errors import TrainingError

SURE = 0.9
"""Chance of being cheaper from which on a threshold that the scores suggest replaces the one that the costs give."""

FALSE_REJECTS = 0.05
"""Share of known pictures that may be called unknown, unless somebody says otherwise."""

T = TypeVar("T")

Cost = tuple[float, float]
"""What one wrong answer of a class costs, and what one missed picture of it."""


@dataclass(frozen=True)
class Demand:
    """What somebody asks of answers; one of the two.

    Attributes:
        precision: share of answers that shall be right, 0 to 1: of each class named, or of all.
        cost: of each class named, or of all.
    """

    precision: float | Mapping[str, float] | None = None
    cost: Cost | Mapping[str, Cost] | None = None

    def check(self, labels: Sequence[str] | None = None) -> None:
        """Refuse what cannot be.

        Args:
            labels: the classes there are; None looks at numbers only.

        Raises:
            TrainingError: a number cannot be, both are asked for, or a class is not there.
        """
        if self.precision is not None and self.cost is not None:
            raise TrainingError("Thresholds are chosen by precision or by cost, not by both.")
        for name, share in _named(self.precision).items():
            if not 0 < share < 1:
                raise TrainingError(f"The precision{name and f' of {name!r}'} is {share}; it must lie between 0 and 1.")
        for name, (wrong, missed) in _named(self.cost).items():
            if not (0 < wrong < np.inf and 0 < missed < np.inf):
                raise TrainingError(
                    f"The cost{name and f' of {name!r}'} is {wrong}:{missed}; a wrong and a missed answer must each "
                    "cost more than 0."
                )
        for name in [*_named(self.precision), *_named(self.cost)]:
            if labels is not None and name and name not in labels:
                raise TrainingError(f"There is no class {name!r} to choose a threshold for; there are {_few(labels)}.")


NOTHING_ASKED = Demand()


def choose_thresholds(
    demand: Demand,
    scores: NDArray[np.float64],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    labels: Sequence[str],
    seed: int,
) -> tuple[Decision, list[bool]]:
    """Choose, and tell for which classes the pictures were enough to keep the demand.

    Args:
        demand: what is asked for; one of the two.
        scores: (n, c) calibrated, of pictures held out.
        truth: (n,) class numbers.
        groups: (n,) duplicate groups.
        labels: class names.
        seed: of resampling.
    """
    if demand.precision is not None:
        wanted = _for_each(demand.precision, labels)
        called = scores.argmax(axis=1)
        found = [
            _by_precision(scores[called == number, number], truth[called == number] == number, share)
            for number, share in enumerate(wanted)
        ]
        return Decision(method=PRECISION, thresholds=[each for each, _ in found]), [kept for _, kept in found]
    costs = [cost or (1.0, 1.0) for cost in _for_each(demand.cost, labels)]
    thresholds = [
        _by_cost(scores[:, number], truth == number, groups, *cost, seed) for number, cost in enumerate(costs)
    ]
    return (
        Decision(method=COST, thresholds=thresholds, weights=[float(wrong + missed) for wrong, missed in costs]),
        [True] * len(labels),
    )


def _by_precision(scores: NDArray[np.float64], right: NDArray[np.bool_], wanted: float | None) -> tuple[float, bool]:
    """The lowest threshold above which so many answers are right, and whether there is one.

    One wrong answer more than there were is counted, so that few pictures promise little. Where no threshold keeps the
    promise, the one that comes nearest is taken.
    """
    if wanted is None:
        return 0.0, True
    if not len(scores):
        return 1.0, False
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    answered = np.arange(1, len(order) + 1)
    share = 1 - (np.cumsum(~right[order]) + 1) / (answered + 1)
    last = np.append(ordered[1:] < ordered[:-1], True)  # equal scores pass together
    kept = np.flatnonzero(last & (share >= wanted))
    place = int(kept[-1]) if len(kept) else int(np.flatnonzero(last)[share[last].argmax()])
    below = ordered[place + 1] if place + 1 < len(ordered) else 0.0
    if place + 1 == len(ordered):
        return 0.0 if len(kept) else float(ordered[place]), bool(len(kept))
    return float((ordered[place] + below) / 2), bool(len(kept))


def _by_cost(
    scores: NDArray[np.float64],
    is_it: NDArray[np.bool_],
    groups: NDArray[np.int64],
    wrong: float,
    missed: float,
    seed: int,
) -> float:
    """Where answering costs as much as not answering: by the costs alone, as scores mean what they say, unless another
    place was cheaper on these pictures beyond noise."""
    by_costs = wrong / (wrong + missed)
    if not len(scores):
        return by_costs
    order = np.argsort(-scores, kind="stable")
    saved = np.cumsum(np.where(is_it[order], missed, -wrong))
    ordered = scores[order]
    last = np.append(ordered[1:] < ordered[:-1], True)
    place = int(np.flatnonzero(last)[saved[last].argmax()])
    below = ordered[place + 1] if place + 1 < len(ordered) else 0.0
    by_scores = float((ordered[place] + below) / 2)

    def costs(threshold: float) -> NDArray[np.float64]:
        return np.where(scores >= threshold, np.where(is_it, 0.0, wrong), np.where(is_it, missed, 0.0))

    if chance_of_gain(costs(by_costs) - costs(by_scores), groups, seed=seed) > SURE:
        return by_scores
    return by_costs


def _for_each(said: T | Mapping[str, T] | None, labels: Sequence[str]) -> list[T | None]:
    return [said.get(label) if isinstance(said, Mapping) else said for label in labels]


def _named(said: T | Mapping[str, T] | None) -> dict[str, T]:
    if said is None:
        return {}
    return dict(said) if isinstance(said, Mapping) else {"": said}


def _few(labels: Sequence[str]) -> str:
    return ", ".join(labels[:10]) + (", …" if len(labels) > 10 else "")
