"""Fine-tuning as the last stage of a search: tried when there is time for all of it, entered only when it is whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from fenlei.contract.errors import FenleiError
from fenlei.training.board import Board, Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.finetune.errors import Worthless
from fenlei.training.finetune.tuner import Tuner
from fenlei.training.head import Judged
from fenlei.training.journal import Journal
from fenlei.training.progress import Cancelled, Enough
from fenlei.training.timetable import Timetable

LEAST = 30.0
"""Seconds without which it need not even be measured."""

SLACK = 1.1
"""How much more than what is left may be thought to be needed: training is measured on the safe side."""

MOST = 2
"""Trainings that one search sets time aside for."""

NO_TIME = "Fine-tuning needs about {needed:.0f} s more, and {left:.0f} s of the budget are left."


class LastStage:
    """What a search knows of fine-tuning.

    Args:
        tuner: does it.
        board: to be won.
        journal: of the search.
        timetable: of the search.
        clock: seconds as a line of the board may tell them.
    """

    def __init__(
        self,
        tuner: Tuner,
        board: Board,
        journal: Journal,
        timetable: Timetable,
        clock: Callable[[float], float | None],
    ) -> None:
        self._tuner, self._board, self._journal = tuner, board, journal
        self._time, self._clock = timetable, clock
        self._chosen: list[Candidate] = []

    def known(self) -> Iterator[tuple[Candidate, Judged, float]]:
        """What an earlier search tuned that is whole, to be entered."""
        for candidate in self._journal.candidates:
            record = self._journal.find(candidate)
            if candidate.kind != TUNED or record is None or record[1] is None:
                continue
            if self._tuner.is_done(Entry(candidate, record[1])):
                yield candidate, record[1], record[0].seconds

    def seconds(self, judged: Sequence[Entry], share: float = 1.0) -> float:
        """What it will take, where the budget has as much left, so that what comes before it leaves that; else 0.

        Of what could be tried, the first that fits is chosen, and then further ones that fit beside it.

        Args:
            judged: what was judged so far.
            share: of the time left that it may be; below 1 where others are still to have their turn.
        """
        if self._journal.begun is not None:
            return max(0.0, self._time.room_for_last) if share == 1 else 0.0
        before, needed = self._chosen, 0.0
        self._chosen = []
        if self._time.room_for_last < LEAST:
            return needed
        candidates, _ = self._tuner.propose(judged)
        for candidate in candidates:
            if len(self._chosen) == MOST:
                break
            if any(candidate.view == other.view for other in self._chosen) or self._journal.find(candidate) is not None:
                continue
            try:
                more = self._tuner.seconds(candidate)
            except (Cancelled, Enough):
                raise
            except FenleiError:
                more = 0.0  # its line will say why
            if needed + more <= share * self._time.room_for_last:
                self._chosen.append(candidate)
                needed += more
        if before and not self._chosen:  # what came between took a little longer than it was thought to
            self._chosen, needed = before, self._time.last
        return needed

    def run(self, judged: Sequence[Entry]) -> Iterator[tuple[Candidate, Judged, float]]:
        """Try it: what was judged before, what was begun before, and what is proposed now.

        Where it is better than the best by the rule that all win by, what would be shipped of it is fitted before it is
        given out, so that somebody who has had enough meanwhile has what there was before.

        Yields:
            Each candidate, what it scored and the seconds that took, to be entered; those that were left out are on the
            board.

        Raises:
            Cancelled, Enough: someone asked to stop, or the time is over. An epoch at most is lost.
        """
        before = [each for each in self._journal.candidates if each.kind == TUNED]
        begun = [] if self._journal.begun is None else [self._journal.begun]
        room = self._time.room_for_last
        if room < LEAST and not before and not begun:  # not even torch need be loaded
            self._leave_out(judged, NO_TIME.format(needed=LEAST, left=max(0.0, room)))
            return
        proposed: list[Candidate] = []
        if not begun:
            proposed, why = self._tuner.propose(judged)
            if not proposed and not before:
                self._leave_out(judged, why)
        several = [*before, *begun, *(self._chosen or proposed[-1:])]
        for candidate in {each.key: each for each in several}.values():
            found = None if self._board.knows(candidate) else self._try(candidate)
            if found is not None:
                yield found

    def _leave_out(self, judged: Sequence[Entry], why: str) -> None:
        if judged:
            self._board.leave_out(Candidate(view=judged[0].candidate.view, kind=TUNED), why)

    def _try(self, candidate: Candidate) -> tuple[Candidate, Judged, float] | None:
        started = time.monotonic()
        try:
            known = self._journal.find(candidate)
            if known is None and not self._fits(candidate):
                return None
            if known is None:
                self._journal.begin(candidate)
                judged = self._tuner.judge(candidate)
                record = self._journal.add(candidate, judged, time.monotonic() - started)
                self._tuner.tidy(candidate)
            elif known[1] is None:
                raise Worthless(known[0].dropped or "")
            else:
                record, judged = known[0], known[1]
            best = self._board.best
            if best is None or self._board.better(judged, best.judged):
                self._tuner.ready(Entry(candidate, judged))
        except (Cancelled, Enough):
            raise
        except FenleiError as exc:
            if isinstance(exc, Worthless) and self._journal.find(candidate) is None:
                self._journal.add(candidate, None, time.monotonic() - started, str(exc))
            self._board.leave_out(candidate, str(exc), self._clock(time.monotonic() - started))
            return None
        return candidate, judged, record.seconds

    def _fits(self, candidate: Candidate) -> bool:
        """Whether there is time; what was begun goes on as far as it gets."""
        if self._journal.begun == candidate:
            return True
        left = self._time.room_for_last
        needed = LEAST if left < LEAST else self._tuner.seconds(candidate)
        if needed <= SLACK * left:
            return True
        self._board.leave_out(candidate, NO_TIME.format(needed=needed, left=max(0.0, left)))
        return False
