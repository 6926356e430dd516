"""Candidates against each other, as far as the time goes: a good one at once, and then only better ones.

On the training part alone, by pictures that no fold learned from; the test part is not known in this room. The order is
the plan's: its views with logistic regression, then other heads and altered copies on the best of them; after that
optuna proposes. What was tried is written into a journal, so that a search that was killed goes on where it was, and
one that is over can be given more time. When it ends is said in `timetable`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

from fenlei.contract.errors import FenleiError
from fenlei.training.affordable import Affordable
from fenlei.training.aimed_loss import aimed_loss
from fenlei.training.board import SURE, TOO_SLOW, Board, Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.ceiling import Ceiling
from fenlei.training.ending import Ending
from fenlei.training.expected_end import ExpectedEnd
from fenlei.training.finetune.further import Tuned
from fenlei.training.finetune.last_stage import LastStage
from fenlei.training.finetune.proposer import Proposer
from fenlei.training.finetune.tuner import Tuner
from fenlei.training.head import Judged
from fenlei.training.heads import KINDS
from fenlei.training.herald import Herald
from fenlei.training.in_time import judged_in_time
from fenlei.training.inherited import NOTHING, Inherited, judge_any
from fenlei.training.journal import Journal
from fenlei.training.judging import Dropped, Trial
from fenlei.training.ladder import ladder, not_tried
from fenlei.training.meanwhile import First
from fenlei.training.outcome import Outcome
from fenlei.training.plan import Plan
from fenlei.training.progress import Cancelled, Enough, Stage, Watch
from fenlei.training.proposals import Proposals
from fenlei.training.report import CandidateResult
from fenlei.training.study import open_study, trial_of
from fenlei.training.task import Task
from fenlei.training.time_spent import TimeSpent
from fenlei.training.timetable import Outlook, continued
from fenlei.training.vote import best_vote
from fenlei.training.workshop import Workshop

NO_TIME = "It would not have fitted into the budget."
HOPELESS = "It fell behind beyond doubt and was dropped."

PATIENT, IN_VAIN = 8, 60
"""Proposals in a row that could not be tried, most of them for want of time, after which only such are made as there is
time for, so that the search ends when it said; and after which nothing is to be expected."""

EARLY = 0.8
"""Share of the time left that fine-tuning may be given before the plan is through: where the budget is short it brings
more than further views do."""

VOTE_EVERY = 5
"""Candidates between two votes."""


class Search:
    """One search. Used once, in one thread."""

    def __init__(
        self,
        task: Task,
        plan: Plan,
        workshop: Workshop,
        watch: Watch,
        *,
        goal: str,
        budget: float | None = None,
        began: float | None = None,
        spent: float = 0.0,
        expected: ExpectedEnd | None = None,
        journal: Journal | None = None,
        heard: Callable[[CandidateResult], None] | None = None,
        better: Callable[[Entry, list[CandidateResult]], None] | None = None,
        tuner: Tuner | None = None,
        first: First | None = None,
        inherited: Inherited = NOTHING,
    ) -> None:
        """Prepare.

        Args:
            task: the training part.
            plan: the views, the default first.
            workshop: where features come from.
            watch: progress and stop.
            goal: decides how sure and how slow a winner may be.
            budget: seconds in all, those in the journal included; None tries the plan's views and nothing else.
            began: the `time.monotonic()` from which the budget counts; None: now.
            spent: seconds of the budget that are gone, where the journal knows of fewer.
            expected: reckons what comes when the search is over; None leaves no time for it.
            journal: what was found out before.
            heard: told of every candidate that was tried.
            better: told of every new best, the first included, unless it is the end of the search. Of what the journal
                knows, only the best.
            tuner: fine-tunes as the last stage, where the budget allows it; None leaves that stage out.
            first: the plan's first candidate, where it was judged by this task before.
            inherited: what to try next to it.
        """
        self._task, self._plan, self._workshop, self._watch = task, plan, workshop, watch
        self._budget = budget
        self._journal = Journal(None, "") if journal is None else journal
        self._ceiling = Ceiling(workshop, plan.views[0], goal)
        ending = Ending() if expected is None else expected.ending
        self._time = continued(budget, self._journal.time, began=began, spent=spent, ending=ending)
        self._judged: list[Entry] = []
        self._replaying, self._first, self._inherited = False, first, inherited
        soon, self._later = ladder(plan, inherited, timed=budget is not None, tuning=tuner is not None)
        self._planned = deque(soon)
        self._proposals: Proposals | None = None
        self._board = Board(
            task.truth,
            task.groups,
            task.classes,
            aim=task.aim,
            sure=SURE[goal],
            seed=task.seed,
            describe=workshop.describe,
            answers=workshop.milliseconds if budget is not None else None,
            heard=heard,
        )
        self._herald = Herald(self._board, workshop, expected=expected, better=better)
        self._affordable = Affordable(workshop, task.pictures, self._herald.telling_takes, lambda: self._time.room)
        self._last = None if tuner is None else self._last_stage(tuner)

    def _last_stage(self, tuner: Tuner) -> LastStage:
        return LastStage(
            tuner,
            Proposer(self._task, self._workshop, self._inherited.tuned),
            self._board,
            self._journal,
            self._time,
            self._clock,
            lambda view: view in self._plan.views and self._ceiling.lets_try(view),
        )

    def run(self) -> Outcome:
        """Try candidates until the time is over, nothing moves any more, or somebody has had enough.

        Raises:
            Cancelled: someone asked to stop before there was anything to keep, or for good.
            FenleiError: the first candidate cannot be tried.
        """
        self._watch.expect(self._outlook)
        try:
            self._replay()
            self._try_before_last()
            if self._fine_tune():
                self._try_proposals(self._study())
                self._vote()
        except Enough:
            if self._board.best is None:
                raise Cancelled from None
        finally:
            self._watch.goes_on_to_the_end()
            self._time.over()
            self._keep_time(at_once=True)
        best = self._board.best
        if best is None:
            raise ValueError("a plan without views")
        self._reckon(over=True)
        self._watch.step(Stage.CHOOSE, 1, 1)
        self._workshop.decodes(self._task.pictures)
        for candidate, why in not_tried(self._plan, self._inherited, self._board.knows, NO_TIME):
            self._board.leave_out(candidate, why)
        return Outcome(best, self._board.lines(), self._board.tried)

    def _replay(self) -> None:
        """What an earlier search of the same question found out, in its order."""
        views = set(self._plan.views)
        if self._journal.candidates:  # a first model is no news
            self._workshop.decodes(self._task.pictures)
        self._replaying = True
        for candidate in self._journal.candidates:
            if candidate.kind == TUNED:
                self._enter_tuned([] if self._last is None else self._last.replay.known(candidate))
            elif {each.view for each in candidate.members or (candidate,)} <= views:
                self._try(candidate, None)
        self._reckon()
        self._enter_tuned([] if self._last is None else self._last.replay.restored())
        self._replaying = False

    def _try_before_last(self) -> None:
        try:
            self._try_planned(None)
            self._set_time_aside(EARLY)
            self._planned.extend(self._later)
            self._try_planned(None)
            if self._budget is not None:
                self._try_further()
        except Enough:
            if self._last is None or self._watch.had_enough or self._board.best is None:
                raise
            # Only the time of these is over; what was set aside for the last stage is not.
            self._plan_is_through(moved=False)

    def _try_planned(self, proposals: Proposals | None) -> None:
        while self._planned:
            candidate = self._planned.popleft()
            if not self._board.knows(candidate):
                self._report()
                self._try(candidate, trial_of(candidate, proposals))

    def _try_further(self) -> None:
        proposals = self._study()
        self._vote()
        tried = len(self._board)
        self._plan_round()
        self._try_planned(proposals)
        self._plan_is_through(moved=len(self._board) > tried)
        self._try_proposals(proposals)
        self._vote()

    def _try_proposals(self, proposals: Proposals) -> None:
        since, in_vain = 0, 0
        going_on = self._last is not None and self._journal.begun is not None
        while self._time.room > 0 and not going_on and in_vain < IN_VAIN:
            self._report()
            found = proposals.next(only=self._affordable.fits_at_once if in_vain >= PATIENT else None)
            if found is None:
                break
            since += self._try(found[0], Trial(found[1], proposals), proposed=True) is not None
            in_vain = 0 if self._journal.find(found[0]) is not None else in_vain + 1
            if since >= VOTE_EVERY:
                self._vote()
                since = 0

    def _study(self) -> Proposals:
        if self._proposals is None:
            views = [view for view in self._plan.views if self._ceiling.lets_try(view)]
            plan = self._plan._replace(views=tuple(views) or self._plan.views[:1])
            self._proposals = open_study(plan, self._judged, self._journal, self._task)
        return self._proposals

    def _plan_is_through(self, *, moved: bool) -> None:
        if self._time.planning and moved:
            self._time.something_moved()
        self._time.planning = False
        self._set_time_aside()

    def _set_time_aside(self, share: float = 1.0) -> None:
        """For the last stage, by a few of its steps; at first no more than a share of what is left, so that others have
        their turn."""
        if self._last is not None:
            self._watch.may_end_early()  # the end of the others' time does not concern it
            self._reckon()
            self._time.last = self._last.seconds(self._judged, share)
            self._may_end_early()

    def _fine_tune(self) -> bool:
        """The last stage: the network under the best linear heads learns too. Returns whether time was set aside for
        it; what it did not need of that goes to others, so that the end is the one that was told."""
        if self._last is None:
            return False
        tried = self._time.last > 0
        self._time.last_stage()
        self._may_end_early()
        self._enter_tuned(self._last.run(self._judged))
        self._time.last_stage_over()
        self._may_end_early()
        return tried

    def _plan_round(self) -> None:
        """After the ladder: every kind of head on the best view, and altered copies."""
        best = self._board.best
        if best is None:
            return
        view = best.candidate.view
        for copies in self._plan.copies_to_try:
            self._planned.extend(Candidate(view=view, kind=kind, copies=copies) for kind in KINDS)

    def _try(self, candidate: Candidate, trial: Trial | None, *, proposed: bool = False) -> Entry | None:
        """Judge one candidate; None where it was left out. One that was only proposed leaves no line when it does not
        fit into the time."""
        known = self._journal.find(candidate)
        started = time.monotonic()
        try:
            if known is not None and known[1] is not None:
                return self._enter(candidate, known[1], known[0].seconds)
            if known is not None:
                return self._passed_over(candidate, None, HOPELESS, known[0].seconds)
            if self._board.best is not None and not self._affordable.fits(candidate):
                return self._passed_over(candidate, trial, None if proposed else NO_TIME)
            if self._budget is not None and not self._ceiling.allows(candidate.view):
                return self._passed_over(candidate, trial, TOO_SLOW, time.monotonic() - started)
            self._tell_best()
            first, self._first = self._first, None
            if first is not None and candidate == Candidate(view=self._plan.views[0], copies=self._plan.copies_first):
                judged, started = first.judged, started - first.seconds
            else:
                best, journal = self._board.best, self._journal
                judge = partial(judge_any, candidate, self._task, self._workshop, self._watch, best, trial, journal)
                telling = 0.0 if best is None else self._herald.telling_takes(candidate.view)
                if (in_time := judged_in_time(judge, self._watch, self._time, telling)) is None:
                    return self._passed_over(candidate, trial, None if proposed else NO_TIME)
                judged = in_time
        except (Cancelled, Enough):
            raise
        except Dropped:
            seconds = time.monotonic() - started
            self._journal.add(candidate, None, seconds, HOPELESS)
            self._affordable.took(seconds)
            return self._passed_over(candidate, None, HOPELESS, seconds)
        except FenleiError as exc:
            if self._board.best is None:
                raise
            return self._passed_over(candidate, trial, str(exc))
        seconds = time.monotonic() - started
        self._journal.add(candidate, judged, seconds)
        self._affordable.took(seconds)
        if trial is not None and judged.loss is not None:
            trial.told(aimed_loss(judged, self._task.truth, self._task.weights))
        return self._enter(candidate, judged, seconds)

    def _passed_over(
        self, candidate: Candidate, trial: Trial | None, why: str | None, seconds: float | None = None
    ) -> Entry | None:
        """It is not judged to its end, and enters nothing; the board says why, if that is to be said."""
        if trial is not None:
            trial.gave_up()
        if why is not None:
            self._board.leave_out(candidate, why, None if seconds is None else self._clock(seconds))
        return None

    def _enter(
        self, candidate: Candidate, judged: Judged, seconds: float, *, telling: bool = True, succeeds: bool = False
    ) -> Entry:
        entry = Entry(candidate, judged)
        timed = self._budget is not None
        won = self._board.enter(
            candidate,
            judged,
            seconds=self._clock(seconds),
            size=self._workshop.bytes(candidate.view) if timed else None,
            allowed=not timed or self._ceiling.allows(candidate.view),
            succeeds=succeeds,
        )
        self._judged.append(entry)
        if won:
            self._herald.hear(entry)
            if not self._replaying:
                self._time.something_moved()
                if telling and self._time.room > 0 and (self._planned or timed):
                    self._tell_best()
            self._may_end_early()
        return entry

    def _enter_tuned(self, several: Iterable[Tuned]) -> None:
        for each in several:
            # What follows a network that was judged may take minutes; what is learned anew is told of in the end.
            self._enter(each.candidate, each.judged, each.seconds, telling=not each.succeeds, succeeds=each.succeeds)

    def _tell_best(self) -> None:
        if self._herald.tell():
            self._workshop.decodes(self._task.pictures)  # not before: a first model does not wait for what that takes
            self._reckon()

    def _reckon(self, *, over: bool = False) -> None:
        if self._budget is not None:
            self._herald.reckon(self._judged, self._planned if self._time.planning else (), over=over)

    def _vote(self) -> None:
        judged = [(entry.candidate, entry.judged) for entry in self._judged]
        found = best_vote(judged, self._task.truth, self._task.weights, allowed=self._ceiling.lets_try)
        if found is None or self._board.knows(found[0]):
            return
        self._journal.add(*found, 0.0)
        self._enter(*found, 0.0)

    def _clock(self, seconds: float) -> float | None:
        """Seconds where they may be told: without a budget the same pictures give the same bytes."""
        return None if self._budget is None else round(seconds, 2)

    def _report(self) -> None:
        """Between two candidates: how far the search is, and how long it may take."""
        if self._board.best is not None:
            self._reckon()
            self._may_end_early()
        total = len(self._plan.views) if self._budget is None else 0  # else by the clock: `Watch.expect`
        self._watch.step(Stage.CHOOSE, max(0, min(len(self._judged), total - 1)), total)

    def _may_end_early(self) -> None:
        self._watch.may_end_early(self._time.deadline)

    def _outlook(self) -> Outlook | None:
        self._keep_time()
        return self._time.outlook()

    def _keep_time(self, *, at_once: bool = False) -> None:
        if self._budget is not None:
            now = self._time
            spent = TimeSpent(spent=now.spent, moved=now.moved, budget=self._budget, planned=not now.planning)
            self._journal.keep_time(spent, at_once=at_once)
