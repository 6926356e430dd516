"""A rule that was chosen, and the threshold that known pictures give it which it had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Distances, HeadMeasure, Unknown
from fenlei.modelfile.unknown import HEAD_MEASURES
from fenlei.training.one_thread import one_thread
from fenlei.training.unknown.leave_out import Compared, typical
from fenlei.training.unknown.rules import BOTH, PARTS, learn_distance

FEWEST = 8
"""Known pictures below which a threshold would say nothing."""

Typical = tuple[float, float]
"""The middle of what pictures measure, and how far the last of twenty lies from it."""


@dataclass(frozen=True)
class Rule:
    """A rule that was chosen.

    Attributes:
        name: which.
        compared: what each rule did; none where that was not looked at.
        parts: centre and spread of each distance that it adds up.
        centre: see `Unknown`.
        threshold: see `Unknown`.
        false_rejects: share of known pictures that may be called unknown.
        pictures: known pictures by which the threshold was set.
        temperature: of a measure on the head.
        seen: of a network that was tuned: what each distance measured of pictures that it was tuned on, where `parts`
            were found; they move and stretch with what it measures of those that the rule is learned from.
    """

    name: str
    compared: Sequence[Compared]
    parts: tuple[Typical, ...]
    centre: float
    threshold: float
    false_rejects: float
    pictures: int
    temperature: float
    seen: tuple[Typical, ...] | None = None

    def learn(
        self, features: NDArray[np.float32], truth: NDArray[np.int64], learned: Sequence[Distances] | None = None
    ) -> Unknown:
        """The rule, learned from these pictures.

        Args:
            features: (n, d).
            truth: (n,) class numbers.
            learned: the distances of the usual rule as they are learned from these, where that was done before.
        """
        measure: tuple[Distances, ...] | HeadMeasure
        if self.name in HEAD_MEASURES:
            measure = HeadMeasure(self.name, self.temperature)
        else:
            with one_thread():
                if learned is None or self.name != BOTH:
                    learned = [learn_distance(part, features, truth) for part in PARTS[self.name]]
                parts = self.parts
                if self.seen is not None:
                    now = [typical(distances(features)) for distances in learned]
                    parts = tuple(map(_carried, parts, self.seen, now))
                measure = tuple(
                    replace(distances, centre=centre, spread=spread)
                    for distances, (centre, spread) in zip(learned, parts, strict=True)
                )
        return Unknown(self.name, measure, self.centre, self.threshold, self.false_rejects)


def by_distances(
    name: str,
    measured: Sequence[NDArray[np.float64]],
    *,
    false_rejects: float,
    compared: Sequence[Compared] = (),
    seen: tuple[Typical, ...] | None = None,
) -> Rule | None:
    """A rule that adds up distances.

    Args:
        name: one of `PARTS`.
        measured: (n,) by each of its distances, of known pictures that it was learned without.
        false_rejects: share of known pictures that may be called unknown.
        compared: see `Rule`.
        seen: see `Rule`.

    Returns:
        The rule; None where there are too few pictures.
    """
    if len(measured[0]) < FEWEST:
        return None
    parts = tuple(typical(each) for each in measured)
    known = np.sum([(each - centre) / spread for each, (centre, spread) in zip(measured, parts, strict=True)], axis=0)
    found = with_threshold(name, known, false_rejects=false_rejects, compared=compared)
    return None if found is None else replace(found, parts=parts, seen=seen)


def with_threshold(
    name: str,
    known: NDArray[np.float64],
    *,
    false_rejects: float,
    compared: Sequence[Compared] = (),
    temperature: float = 1.0,
) -> Rule | None:
    """A rule that measures so (n,) of known pictures that it was learned without; None where there are too few."""
    if len(known) < FEWEST:
        return None
    # The k-th of n + 1 equally likely places, as conformal prediction counts: with few pictures the largest.
    place = min(len(known), int(np.ceil((len(known) + 1) * (1 - false_rejects))))
    centre, threshold = float(np.median(known)), float(np.sort(known)[place - 1])
    least = 1e-6 * max(1.0, abs(centre))
    return Rule(name, compared, (), centre, max(threshold, centre + least), false_rejects, len(known), temperature)


def _carried(part: Typical, seen: Typical, now: Typical) -> Typical:
    """Centre and spread of pictures that were not seen, moved and stretched as those of seen ones are."""
    stretch = now[1] / seen[1]
    return now[0] + (part[0] - seen[0]) * stretch, part[1] * stretch
