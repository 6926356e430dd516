"""Who tells of a better candidate, and reckons from that what the making of the last model takes."""

from __future__ import annotations

import time
from collections.abc import Callable

from fenlei.training.board import Board, Entry
from fenlei.training.closer_look import leisure_seconds
from fenlei.training.report import CandidateResult
from fenlei.training.workshop import Workshop

AGAIN = 0.4
"""Share of the seconds that making a whole model took which making it once more, at the end, will take: its features
and engines are there then."""

MAKING = 0.5
"""The same in seconds, until one was made."""


class Herald:
    """For one search.

    Args:
        board: with the best.
        workshop: where networks are.
        pictures: of the training part.
        views: that the search tries.
        afterwards: seconds that are needed when the search is over, the making of the model aside.
        better: told of every best; None: nobody is.
    """

    def __init__(
        self,
        board: Board,
        workshop: Workshop,
        *,
        pictures: int,
        views: int,
        afterwards: float,
        better: Callable[[Entry, list[CandidateResult]], None] | None,
    ) -> None:
        self._board, self._workshop = board, workshop
        self._pictures, self._views = pictures, views
        self._afterwards, self._making = afterwards, MAKING
        self._better = better
        self._untold: Entry | None = None

    def hear(self, entry: Entry) -> None:
        """There is a new best, to be told of when there is time."""
        self._untold = entry

    def tell(self) -> bool:
        """Tell of the best, unless that was done; returns whether there was something to tell."""
        entry, self._untold = self._untold, None
        if entry is None:
            return False
        if self._better is not None:
            started = time.monotonic()
            self._better(entry, self._board.lines())
            self._making = AGAIN * (time.monotonic() - started)
        return True

    def seconds(self) -> float:
        """What is needed when the search is over: the making of the last model, and what follows it."""
        best = self._board.best
        if best is None:
            return self._afterwards
        leisure = leisure_seconds(self._workshop, best.candidate.view, self._pictures, self._views)
        return self._afterwards + self._making + leisure
