"""Whether a candidate can be judged in the time that is left, by what networks and heads took here so far."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from fenlei.training.alteration import COPIES
from fenlei.training.candidate import Candidate
from fenlei.training.look import Picture
from fenlei.training.view import View
from fenlei.training.workshop import Workshop

RECENT = 12
"""Candidates by whose seconds the next one's are guessed."""


class Affordable:
    """For one search.

    Args:
        workshop: where features come from.
        pictures: of the training part.
        telling: seconds that a model on a view takes to be made beside that, where features are missing for it.
        room: seconds that are left.
    """

    def __init__(
        self,
        workshop: Workshop,
        pictures: Sequence[Picture],
        telling: Callable[[View], float],
        room: Callable[[], float],
    ) -> None:
        self._workshop, self._pictures, self._telling, self._room = workshop, pictures, telling, room
        self._costs: deque[float] = deque(maxlen=RECENT)

    def took(self, seconds: float) -> None:
        """A candidate took so long."""
        self._costs.append(seconds)

    def fits(self, candidate: Candidate) -> bool:
        """Whether it can be judged in what is left, and be told of if it is the best; infinitely many seconds are
        enough for any."""
        room = self._room()
        if room == float("inf"):
            return True
        # Before anything is opened to find out more: that alone may take longer.
        if room <= self._workshop.opening(candidate.view):
            return False
        kinds = [None, *COPIES[candidate.copies]]
        features = self._workshop.missing(candidate.view, self._pictures, kinds)
        features += self._telling(candidate.view)
        heads = sorted(self._costs)[len(self._costs) // 2] if self._costs else 0.0
        return features + min(heads, room / 2) <= self._room()

    def fits_at_once(self, candidate: Candidate) -> bool:
        """The same, of what needs no other networks than such as are open."""
        return self._workshop.opening(candidate.view) == 0 and self.fits(candidate)
