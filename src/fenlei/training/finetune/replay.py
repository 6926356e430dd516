"""What an earlier search of the same question tuned: entered as it was, and learned again where its network is gone.

A cache does not keep networks for ever (see `sweep`), the journal keeps what they scored. More time must not end with
less than there was: so what would be the best and is not kept any more is learned again, before anything new is tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec

from fenlei.contract.errors import FenleiError
from fenlei.training.board import Board, Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.finetune.choice import as_judged, by_folds, is_anew, learned_anew
from fenlei.training.finetune.further import Tuned, expected_loss
from fenlei.training.finetune.memory import told_of_memory
from fenlei.training.finetune.naming import EPOCHS
from fenlei.training.finetune.tuner import Needs, Tuner
from fenlei.training.head import Judged
from fenlei.training.journal import Journal
from fenlei.training.progress import Cancelled, Enough
from fenlei.training.timetable import Timetable
from fenlei.training.view import View

LEAST = 30.0
"""Seconds without which it need not even be measured."""

SLACK = 1.1
"""How much more than what is left may be thought to be needed: what comes between takes a little longer than it is
thought to, and training may end before its last epoch."""

GONE = (
    "Its network is not kept any more: to learn it again takes about {needed:.0f} s, and {left:.0f} s of the budget "
    "are left."
)

UNFINISHED = "Its network is not kept any more, and the search ended before it was learned again."


class Replay:
    """For one search.

    Args:
        tuner: knows networks.
        board: to be filled.
        journal: of the search.
        timetable: of the search.
        allowed: whether a view answers quickly enough to win, and is one of this search's.
        needs: what a candidate would take, as measured.
        give_up: told of what came to nothing, by which error, and when that was begun.
    """

    def __init__(
        self,
        tuner: Tuner,
        board: Board,
        journal: Journal,
        timetable: Timetable,
        allowed: Callable[[View], bool],
        needs: Callable[[Candidate], Needs],
        give_up: Callable[[Candidate, FenleiError, float], None],
    ) -> None:
        self._tuner, self._board, self._journal, self._time = tuner, board, journal, timetable
        self._allowed, self._needs, self._give_up = allowed, needs, give_up

    def known(self, candidate: Candidate) -> list[Tuned]:
        """What became of a candidate, to be entered; nothing where it may win and is not whole, or is of another."""
        found = self._found(candidate)
        if found is None:
            return []
        if is_anew(candidate):
            may = self._is_best(as_judged(candidate)) and self._is_whole(found)
        else:
            may = self._loses(found.judged) or self._is_whole(found)  # what lost needs no network
        return [found] if may else []

    def restored(self) -> Iterator[Tuned]:
        """Once all that is known was entered: what may be the best and was not whole, the best first.

        It is learned again where the budget leaves the time that it took, and left out with the reason where not; then
        likewise what was learned anew of it.

        Yields:
            Each candidate that is whole, or loses against one that is, to be entered before the next is asked for.

        Raises:
            Cancelled, Enough: someone asked to stop, or the time is over. An epoch at most is lost.
        """
        lacking = [found for each in self._journal.candidates if not is_anew(each) and (found := self._lacking(each))]
        for found in sorted(lacking, key=expected_loss):
            if self._loses(found.judged) or self._is_learned_again(found):
                yield found
        best = self._board.best
        anew = None if best is None or is_anew(best.candidate) else self._lacking(learned_anew(best.candidate))
        if anew is not None and (self._is_whole(anew) or self._is_learned_again(anew)):
            yield anew

    def _found(self, candidate: Candidate) -> Tuned | None:
        """What is written down of it; None where it is not of this search, or was given up."""
        record = self._journal.find(candidate)
        if candidate.kind != TUNED or record is None or record[1] is None or not self._allowed(candidate.view):
            return None
        return Tuned(candidate, record[1], record[0].seconds, is_anew(candidate))

    def _lacking(self, candidate: Candidate) -> Tuned | None:
        return None if self._board.knows(candidate) else self._found(candidate)

    def _is_learned_again(self, found: Tuned) -> bool:
        started, left = time.monotonic(), self._time.room_for_last
        needed = self._seconds(found, left)
        if needed > SLACK * left:
            self._board.leave_out(found.candidate, GONE.format(needed=needed, left=max(0.0, left)))
            return False
        try:
            with told_of_memory():
                self._tuner.ready(Entry(found.candidate, found.judged))
        except (Cancelled, Enough):
            self._board.leave_out(found.candidate, UNFINISHED)
            raise
        except FenleiError as exc:
            self._give_up(found.candidate, exc, started)
            return False
        return True

    def _seconds(self, found: Tuned, left: float) -> float:
        """What it takes: no less than it took, which is little where it had been killed in between, and, where there
        is time to measure, no less than that says. Only what the first fold judges ships."""
        once = found.candidate if found.succeeds else by_folds(found.candidate, 1)
        record = self._journal.find(once)
        took = LEAST if record is None else record[0].seconds
        if max(took, LEAST) > SLACK * left:
            return took
        setting = {**(once.setting or {}), EPOCHS: found.judged.setting[EPOCHS]} if found.succeeds else once.setting
        needs = self._needs(msgspec.structs.replace(once, setting=setting))
        return max(took, needs.anew if found.succeeds else needs.judging)

    def _is_whole(self, found: Tuned) -> bool:
        try:
            return self._tuner.is_done(Entry(found.candidate, found.judged))
        except (Cancelled, Enough):
            raise
        except FenleiError:  # whoever needs it will hear why
            return False

    def _loses(self, judged: Judged) -> bool:
        return self._board.best is not None and not self._board.better(judged, self._board.best.judged)

    def _is_best(self, candidate: Candidate) -> bool:
        return self._board.best is not None and self._board.best.candidate == candidate
