"""Who tells of a better candidate, and reckons from that what the making of the last model takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from fenlei.training.board import Board, Entry
from fenlei.training.candidate import Candidate
from fenlei.training.expected_end import ExpectedEnd
from fenlei.training.report import CandidateResult
from fenlei.training.view import View
from fenlei.training.workshop import Workshop


class Herald:
    """For one search.

    Args:
        board: with the best.
        workshop: where networks are.
        expected: told what is known of the making; None where nobody wants to know.
        better: told of every best; None: nobody is.
    """

    def __init__(
        self,
        board: Board,
        workshop: Workshop,
        *,
        expected: ExpectedEnd | None,
        better: Callable[[Entry, list[CandidateResult]], None] | None,
    ) -> None:
        self._board, self._workshop = board, workshop
        self._expected = expected
        self._making: float | None = None
        self._better = better
        self._untold: Entry | None = None
        self._told: Candidate | None = None

    def hear(self, entry: Entry) -> None:
        """There is a new best, to be told of when there is time."""
        self._untold = entry

    def tell(self) -> bool:
        """Tell of the best, unless that was done; returns whether there was something to tell."""
        entry, self._untold = self._untold, None
        if entry is None:
            return False
        if self._better is not None:
            started, once = time.monotonic(), self._workshop.once
            self._better(entry, self._board.lines())
            # Features and engines are there when it is made again.
            self._making = time.monotonic() - started - (self._workshop.once - once)
            self._told = entry.candidate
        return True

    def telling_takes(self, view: View) -> float:
        """Seconds of what a model on this view needs beside what judging one computes, that is not there yet."""
        return 0.0 if self._expected is None or self._better is None else self._expected.looking_at_tested(view)

    def reckon(self, judged: Iterable[Entry], planned: Iterable[Candidate], *, over: bool = False) -> None:
        """Say what is needed when the search is over.

        Args:
            judged: what was tried so far.
            planned: what may still be.
            over: whether it is; else there is time to tell of the best, and with that to compute its features.
        """
        best = self._board.best
        if best is None or self._expected is None:
            return
        views = {entry.candidate.view for entry in judged}
        coming = set() if over else {candidate.view for candidate in planned} - views
        self._expected.reckon(
            best,
            making=self._making,
            views=len(views | coming),
            missing=over or self._better is None,
            told=self._told == best.candidate,
        )
