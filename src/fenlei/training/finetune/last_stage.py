"""Fine-tuning as the last stage of a search: tried when there is time for it, entered only when it is whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import msgspec

from fenlei.contract.errors import FenleiError
from fenlei.training.board import Board, Entry
from fenlei.training.candidate import ANEW, TUNED, Candidate
from fenlei.training.finetune.choice import (
    as_judged,
    by_folds,
    folds_of,
    is_anew,
    is_lesser,
    learned_anew,
    without_mixing,
)
from fenlei.training.finetune.errors import Unsound, Worthless
from fenlei.training.finetune.further import Tuned, all_that_may_follow, expected_loss, likeliest_doubt
from fenlei.training.finetune.memory import told_of_memory
from fenlei.training.finetune.naming import EPOCHS
from fenlei.training.finetune.proposer import Proposer
from fenlei.training.finetune.replay import LEAST, SLACK, Replay
from fenlei.training.finetune.tuner import Needs, Tuner
from fenlei.training.head import Judged
from fenlei.training.journal import Journal
from fenlei.training.progress import Cancelled, Enough
from fenlei.training.timetable import Timetable
from fenlei.training.view import View

TIGHT = 1.3
"""Times what is chosen takes, below which it is not decided again: other networks would have to be measured, and that
would take the time away that is set aside."""

MOST = 2
"""Networks that one search sets time aside for."""

NO_TIME = "Fine-tuning needs about {needed:.0f} s more, and {left:.0f} s of the budget are left."

SURPASSED = "Another one is better by now."


class LastStage:
    """What a search knows of fine-tuning.

    Args:
        tuner: does it.
        proposer: says what could be tried.
        board: to be won.
        journal: of the search.
        timetable: of the search.
        clock: seconds as a line of the board may tell them.
        allowed: whether a view answers quickly enough to win, and is one of this search's.

    Attributes:
        replay: enters what an earlier search tuned.
    """

    def __init__(
        self,
        tuner: Tuner,
        proposer: Proposer,
        board: Board,
        journal: Journal,
        timetable: Timetable,
        clock: Callable[[float], float | None],
        allowed: Callable[[View], bool],
    ) -> None:
        self._tuner, self._proposer = tuner, proposer
        self._board, self._journal = board, journal
        self._time, self._clock, self._allowed = timetable, clock, allowed
        self._chosen: list[Candidate] = []
        self._judging = 0.0
        self.replay = Replay(tuner, board, journal, timetable, allowed, self._needs, self._give_up)

    def seconds(self, judged: Sequence[Entry], share: float = 1.0) -> float:
        """What it will take, where the budget has as much left, so that what comes before it leaves that; else 0.

        Of what could be tried, the first that fits is chosen, and then further ones that fit beside it; what is chosen
        is learned anew in the end where there is time for that too.

        Args:
            judged: what was judged so far.
            share: of the time left that it may be; below 1 where others are still to have their turn.

        Raises:
            Cancelled, Enough: someone asked to stop.
        """
        room = self._time.room_for_last
        if self._chosen and TIGHT * self._judging > room:
            return max(0.0, min(self._time.last, room))
        before, self._chosen = self._chosen, []
        begun = self._journal.begun
        if begun is None and room < LEAST:
            return 0.0
        needed, anew = 0.0 if begun is None else self._needed(begun), self._anew_of_best()
        for candidate in self._proposer.propose(judged)[0]:
            if len(self._chosen) + (begun is not None) == MOST:
                break
            if self._is_settled(candidate):
                continue
            needs = self._needs(candidate)
            # A second one must leave the time to learn the better of both anew.
            beside = max(anew, needs.anew) if needed else 0.0
            # What was chosen before stays chosen where it is merely a little late.
            allowed = SLACK if candidate in before else share
            if needed + needs.judging + beside <= allowed * room:
                self._chosen.append(candidate)
                needed, anew = needed + needs.judging, max(anew, needs.anew)
        if before and not self._chosen:  # what came between took a little longer than it was thought to
            self._chosen, needed = before, self._judging
        self._judging = needed
        for candidate in all_that_may_follow([*self._tuned(), *([] if begun is None else [begun]), *self._chosen]):
            if self._journal.find(candidate) is None and self._allowed(candidate.view):
                judging, once_more = self._another_fold(candidate), self._needs(candidate).anew
                if needed + judging + max(anew, once_more) <= share * room:
                    needed, anew = needed + judging, max(anew, once_more)
        # What does not fit as it is reckoned may as it comes true: judging has taken half of what was reckoned.
        return max(0.0, min(max(needed, min(needed + anew, share * room)), room))

    def run(self, judged: Sequence[Entry]) -> Iterator[Tuned]:
        """Try it: what was judged before, what was begun before, and what was chosen; then, where one fold left it in
        doubt whether a candidate is better, more folds; and where time is left, the same without mixing pictures.

        Where one is better than the best by the rule that all win by, what was judged is whole, and is there to be kept
        by somebody who has had enough. In the end the best is learned anew from everything, where time is left for it.

        Yields:
            Each candidate that is whole, to be entered before the next is asked for; those that were left out are on
            the board.

        Raises:
            Cancelled, Enough: someone asked to stop, or the time is over. An epoch at most is lost.
        """
        before, begun = self._tuned(), self._journal.begun
        if not before and begun is None and not self._chosen:
            self._say_why_not(judged)
            return
        tried = self._known_already(before)
        first = [*before, *([] if begun is None else [as_judged(begun)]), *self._chosen]
        for candidate in {each.key: each for each in first}.values():
            yield from self._tried(candidate, tried)
        yield from self._doubts_settled(tried)
        for plainer in [without_mixing(each.candidate) for each in sorted(tried, key=expected_loss)]:
            if plainer is not None and self._leaves_time(plainer):
                yield from self._tried(plainer, tried)
                yield from self._doubts_settled(tried)
        found = self._learn_best_anew()
        if found is not None:
            yield found
        begun = self._journal.begun
        if begun is not None and self._allowed(begun.view):  # nothing comes of it any more
            self._journal.add(begun, None, 0.0, SURPASSED)

    def _tuned(self) -> list[Candidate]:
        """Those that were judged or given up before, whatever became of them."""
        return [each for each in self._journal.candidates if each.kind == TUNED and not is_anew(each)]

    def _known_already(self, before: Sequence[Candidate]) -> list[Tuned]:
        """Those of an earlier search that are on the board already, and were not left out for want of time."""
        on_board = self._board.tried
        records = [record for each in before if each in on_board and (record := self._journal.find(each))]
        return [Tuned(record.candidate, judged, record.seconds, False) for record, judged in records if judged]

    def _tried(self, candidate: Candidate, tried: list[Tuned]) -> Iterator[Tuned]:
        """Try one, unless that was done, and remember what came of it."""
        if self._board.knows(candidate) or not self._allowed(candidate.view):
            return
        found = self._try(candidate)
        if found is not None:
            tried.append(found)
            yield found

    def _doubts_settled(self, tried: list[Tuned]) -> Iterator[Tuned]:
        """Ask further folds about the candidates that may be better than the best, the likeliest first."""
        while True:
            candidate = likeliest_doubt(tried, self._board, self._can_be_settled)
            before = len(tried)
            if candidate is not None:
                yield from self._tried(candidate, tried)
            if len(tried) == before:
                return

    def _leaves_time(self, candidate: Candidate) -> bool:
        """Whether it was not judged, and can be so that the better of it and the best can be learned anew, within the
        time that was set aside: the end that was told stands."""
        room = self._time.left_of_last
        if self._journal.find(candidate) is not None or not self._allowed(candidate.view) or room <= 0:
            return False
        needs = self._needs(candidate)
        return needs.judging + max(needs.anew, self._anew_of_best()) <= SLACK * room

    def _can_be_settled(self, candidate: Candidate) -> bool:
        """Whether there is time for one fold more, and to learn the best anew where that was tuned. Where a candidate
        then wins, and no time is left to learn it anew, what was judged ships: it is the better one all the same."""
        room = self._time.left_of_last
        if self._journal.find(candidate) is not None or not self._allowed(candidate.view) or room <= 0:
            return False
        return self._another_fold(candidate) + self._anew_of_best() <= SLACK * room

    def _another_fold(self, candidate: Candidate) -> float:
        """Seconds, by what the first took, which no further one exceeds: mostly less than is reckoned, which is all
        epochs."""
        reckoned = self._needs(candidate).judging
        known = self._journal.find(by_folds(candidate, 1))
        return reckoned if known is None else min(reckoned, known[0].seconds)

    def _say_why_not(self, judged: Sequence[Entry]) -> None:
        room = self._time.room_for_last
        if not judged:
            return
        line = Candidate(view=judged[0].candidate.view, kind=TUNED)
        if room < LEAST:  # not even torch need be loaded
            self._board.leave_out(line, NO_TIME.format(needed=LEAST, left=max(0.0, room)))
            return
        candidates, why = self._proposer.propose(judged)
        if not candidates:
            self._board.leave_out(line, why)
        for candidate in candidates[-1:]:
            if not self._is_settled(candidate):
                needed = self._needs(candidate).judging
                self._board.leave_out(candidate, NO_TIME.format(needed=needed, left=max(0.0, room)))

    def _try(self, candidate: Candidate) -> Tuned | None:
        started = time.monotonic()
        try:
            known = self._journal.find(candidate)
            if known is None and not self._fits(candidate):
                return None
            with told_of_memory():
                if known is None:
                    self._journal.begin(candidate)
                    judged = self._tuner.judge(candidate, self._judged_before(candidate))
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
            self._give_up(candidate, exc, started)
            return None
        return Tuned(candidate, judged, record.seconds, succeeds=False)

    def _judged_before(self, candidate: Candidate) -> Judged | None:
        """What it scored by all of its folds but the last."""
        if folds_of(candidate) == 1:
            return None
        known = self._journal.find(by_folds(candidate, folds_of(candidate) - 1))
        return None if known is None else known[1]

    def _learn_best_anew(self) -> Tuned | None:
        best = self._board.best
        if best is None or best.candidate.kind != TUNED or is_anew(best.candidate):
            return None
        candidate, started = learned_anew(best.candidate), time.monotonic()
        judged = replace(best.judged, setting={**best.judged.setting, ANEW: 1.0})
        known = self._journal.find(candidate)
        if self._board.knows(candidate):
            return None
        if known is not None and known[1] is None:
            self._board.leave_out(candidate, known[0].dropped or "", self._clock(known[0].seconds))
            return None
        begun = self._journal.begun == candidate
        try:
            with told_of_memory():
                if not begun and self._anew_of_best() > SLACK * self._time.left_of_last:
                    return None  # what was judged ships, and the report says from how many pictures it learned
                self._journal.begin(candidate)
                self._tuner.ready(Entry(candidate, judged))
                record = self._journal.add(candidate, judged, time.monotonic() - started)
        except (Cancelled, Enough):
            raise
        except FenleiError as exc:
            self._give_up(candidate, exc, started)
            return None
        return Tuned(candidate, judged, record.seconds, succeeds=True)

    def _give_up(self, candidate: Candidate, error: FenleiError, started: float) -> None:
        """A candidate that came to nothing is not begun again; one that was never begun may be, another time."""
        begun = self._journal.begun is not None and as_judged(self._journal.begun) == as_judged(candidate)
        known = self._journal.find(candidate)
        if (known is None and (begun or isinstance(error, Worthless))) or (known and isinstance(error, Unsound)):
            self._journal.add(candidate, None, time.monotonic() - started, str(error))
            self._tuner.tidy(candidate)
        self._board.leave_out(candidate, str(error), self._clock(time.monotonic() - started))

    def _fits(self, candidate: Candidate) -> bool:
        """Whether there is time; what was begun goes on as far as it gets."""
        if self._journal.begun == candidate:
            return True
        left = self._time.room_for_last
        if folds_of(candidate) > 1:
            needed = self._another_fold(candidate)
        else:
            needed = LEAST if left < LEAST else self._tuner.needs(candidate).judging
        if needed <= SLACK * left:
            return True
        self._board.leave_out(candidate, NO_TIME.format(needed=needed, left=max(0.0, left)))
        return False

    def _needs(self, candidate: Candidate) -> Needs:
        try:
            with told_of_memory():
                return self._tuner.needs(candidate)
        except (Cancelled, Enough):
            raise
        except FenleiError:
            return Needs(0.0, 0.0)  # its line will say why

    def _needed(self, begun: Candidate) -> float:
        needs = self._needs(begun)
        return needs.anew if is_anew(begun) else needs.judging

    def _anew_of_best(self) -> float:
        """What it takes to learn the best anew, where a search of a smaller budget had no time for that."""
        best = self._board.best
        if best is None or best.candidate.kind != TUNED or is_anew(best.candidate):
            return 0.0
        known = self._journal.find(learned_anew(best.candidate))
        if known is not None and known[1] is None:  # it went wrong
            return 0.0
        setting = {**(best.candidate.setting or {}), EPOCHS: best.judged.setting[EPOCHS]}
        return self._needs(msgspec.structs.replace(best.candidate, setting=setting)).anew

    def _is_settled(self, candidate: Candidate) -> bool:
        """Whether it was tried, one on the same view is to be, or was by no lesser recipe, or its view is too slow."""
        chosen = [*self._chosen, *([] if self._journal.begun is None else [self._journal.begun])]
        return (
            self._journal.find(candidate) is not None
            or any(candidate.view == other.view for other in chosen)
            or any(candidate.view == other.view and not is_lesser(other, candidate) for other in self._scored())
            or not self._allowed(candidate.view)
        )

    def _scored(self) -> list[Candidate]:
        return [each for each in self._tuned() if (record := self._journal.find(each)) and record[1] is not None]
