"""What comes after a search, piece by piece: what it will take, what is kept aside for it, and what is left of it.

Before a piece begins there is an estimate of it. A piece that is over counts no more, whatever had been thought of it;
of one that goes in steps the rest is reckoned by those that are done, the more so the more these are; any other counts
down.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

MARGIN = 1.25
"""Times what a piece is thought to take that is kept aside for it, where nothing else is said."""


TRUST = 0.1
"""Share of a piece that must be done to say as much of the rest as what had been thought of it before: first steps are
not like all others."""


class Piece(StrEnum):
    """In the order in which they come."""

    STARTS = "what the learning curve starts from"
    CURVE = "learning curve"
    FEATURES = "features of the test part"
    JUDGING = "judging and claims"
    MAPS = "heat maps"
    SHOWING = "what the pictures look like"
    FINISHING = "report and model"


class Expected(NamedTuple):
    """Of one piece.

    Attributes:
        each: seconds of a step.
        steps: how many.
        most: seconds that are kept aside.
    """

    each: float = 0.0
    steps: float = 0.0
    most: float = 0.0


class Ending:
    """For one search, and what follows it.

    Args:
        told: called whenever more is known, once it has begun.
        clock: counts seconds; None: `time.monotonic`.

    Attributes:
        began: by piece, what was expected when it began.
        took: by piece, the seconds that came true, of those that are over.
    """

    def __init__(self, told: Callable[[], None] = lambda: None, clock: Callable[[], float] | None = None) -> None:
        self._told, self._clock = told, clock or time.monotonic
        self._pieces = dict.fromkeys(Piece, Expected())
        self._at: Piece | None = None
        self._started = self._reckoned = self._thought = 0.0
        self.began: dict[Piece, float] = {}
        self.took: dict[Piece, float] = {}

    def expect(self, piece: Piece, each: float, count: float = 1.0, *, most: float | None = None) -> None:
        """Say what a piece will take from now on.

        Args:
            piece: which.
            each: seconds of one of its steps.
            steps: how many.
            most: seconds to keep aside; None: what it takes, and a quarter more.
        """
        self._pieces[piece] = Expected(each, count, MARGIN * each * count if most is None else most)
        if piece is self._at:
            self._reckoned = self._clock()

    @property
    def aside(self) -> float:
        """Seconds that a search must leave."""
        return sum(each.most for each in self._pieces.values())

    @property
    def left(self) -> float:
        """Seconds that it will take; from when it has begun, what is left of them."""
        ahead = list(Piece)
        if self._at is not None:
            ahead = ahead[ahead.index(self._at) :]
        seconds = [self._pieces[piece].each * self._pieces[piece].steps for piece in ahead]
        if self._at is not None:
            seconds[0] = max(0.0, seconds[0] - (self._clock() - self._reckoned))
        return sum(seconds)

    def begin(self, piece: Piece, steps: int | None = None) -> None:
        """This piece begins; what comes before it is over, or is left out.

        Args:
            piece: which.
            steps: how many it has, where that is known by now.
        """
        self.end()
        self._at = piece
        if steps is not None:
            self.expect(piece, self._pieces[piece].each, steps)
        self._started = self._reckoned = self._clock()
        self.began[piece] = self._thought = self._pieces[piece].each * self._pieces[piece].steps
        self._told()

    def step(self, done: int, total: int) -> None:
        """Of the piece that goes on so many steps of so many are done; or so much of its work, in whatever unit."""
        if self._at is None or not total:
            return
        share = done / total
        whole = (self._clock() - self._started + TRUST * self._thought) / (share + TRUST)
        self.expect(self._at, whole / total, total - done)
        self._told()

    def end(self) -> None:
        """The piece that goes on is over."""
        if self._at is not None:
            self.took[self._at] = self._clock() - self._started
            self._pieces[self._at] = Expected()
