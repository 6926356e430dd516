"""Whether a candidate can be judged in the time that is left, by what networks and heads took here so far."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from fenlei.training.alteration import COPIES
from fenlei.training.candidate import Candidate
from fenlei.training.look import Picture
from fenlei.training.workshop import Workshop

RECENT = 12
"""Candidates by whose seconds the next one's are guessed."""


class Affordable:
    """For one search.

    Args:
        workshop: where features come from.
        pictures: of the training part.
    """

    def __init__(self, workshop: Workshop, pictures: Sequence[Picture]) -> None:
        self._workshop, self._pictures = workshop, pictures
        self._costs: deque[float] = deque(maxlen=RECENT)

    def took(self, seconds: float) -> None:
        """A candidate took so long."""
        self._costs.append(seconds)

    def fits(self, candidate: Candidate, room: float) -> bool:
        """Whether it can be judged in so many seconds; infinitely many are enough for any."""
        if room == float("inf"):
            return True
        if room <= 0:
            return False
        kinds = [None, *COPIES[candidate.copies]]
        features = self._workshop.missing(candidate.view, self._pictures, kinds)
        heads = sorted(self._costs)[len(self._costs) // 2] if self._costs else 0.0
        return features + min(heads, room / 2) <= room
