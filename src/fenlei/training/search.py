"""Candidates against each other, as far as the time goes: a good one at once, and then only better ones.

On the training part alone, by pictures that no fold learned from; the test part is not known in this room. The order is
the plan's: its views with logistic regression, then other heads and altered copies on the best of them; after that
optuna proposes. What was tried is written into a journal, so that a search that was killed goes on where it was, and
one that is over can be given more time.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError
from fenlei.training.aim import Aim
from fenlei.training.alteration import COPIES
from fenlei.training.board import SURE, Board, Entry
from fenlei.training.candidate import VOTE, Candidate
from fenlei.training.folds import Folds
from fenlei.training.head import Judged
from fenlei.training.heads import KINDS, LOGISTIC
from fenlei.training.journal import Journal
from fenlei.training.judging import Dropped, Trial, blocks_of, judge_candidate
from fenlei.training.look import Picture
from fenlei.training.plan import Plan
from fenlei.training.progress import Cancelled, Enough, Stage, Watch
from fenlei.training.report import CandidateResult
from fenlei.training.view import View
from fenlei.training.vote import best_vote
from fenlei.training.workshop import Workshop

NO_TIME = "It would not have fitted into the budget."
HOPELESS = "It fell behind beyond doubt and was dropped."

IDLE = 12
"""Proposals in a row that brought nothing better before a search ends early."""

VOTE_EVERY = 5
"""Candidates between two votes."""

CEILING = {"fast": 1.5, "balanced": 4.0, "accurate": 16.0}
"""How many times as long as the quickest view a candidate may take to answer, by goal, as measured here."""


@dataclass(frozen=True)
class Task:
    """What is to be learned: the training part.

    Attributes:
        pictures: (n).
        truth: (n,) class numbers.
        groups: (n,) duplicate groups.
        classes: number of classes.
        seed: decides whatever is random; every candidate meets the same folds.
        folds: of these pictures.
        aim: what is to be raised.
    """

    pictures: Sequence[Picture]
    truth: NDArray[np.int64]
    groups: NDArray[np.int64]
    classes: int
    seed: int
    folds: Folds
    aim: Aim


def task_digest(task: Task) -> str:
    """SHA-256, hex, of the pictures, what they are, and how they are divided."""
    digest = hashlib.sha256()
    for picture in task.pictures:
        digest.update(picture.digest)
    for array in (task.truth, task.folds.number, task.folds.taking_part):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Outcome:
    """Who won, and what became of the others, in the order in which they were tried."""

    winner: Entry
    results: list[CandidateResult]


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
        patience: int = IDLE,
        began: float | None = None,
        journal: Journal | None = None,
        heard: Callable[[CandidateResult], None] | None = None,
        better: Callable[[Entry, list[CandidateResult]], None] | None = None,
    ) -> None:
        """Prepare.

        Args:
            task: the training part.
            plan: the views, the default first.
            workshop: where features come from.
            watch: progress and stop.
            goal: decides how sure and how slow a winner may be.
            budget: seconds in all, those in the journal included; None tries the plan's views and nothing else.
            patience: proposals in a row that brought nothing better before it ends early.
            began: the `time.monotonic()` from which the budget counts; None: now.
            journal: what was found out before.
            heard: told of every candidate that was tried.
            better: told of every new best, the first included.
        """
        self._task, self._plan, self._workshop, self._watch = task, plan, workshop, watch
        self._budget, self._heard, self._better = budget, heard, better
        self._journal = Journal(None, "") if journal is None else journal
        self._ceiling, self._patience = CEILING[goal], patience
        self._began = time.monotonic() if began is None else began
        self._finishing = 0.0
        self._before = self._journal.spent
        self._judged: list[Entry] = []
        self._costs: deque[float] = deque(maxlen=IDLE)
        self._idle = 0
        self._planned: deque[Candidate] = deque(Candidate(view=view) for view in plan.views)
        self._board = Board(
            task.truth,
            task.groups,
            task.classes,
            aim=task.aim,
            sure=SURE[goal],
            seed=task.seed,
            describe=self._describe,
            heard=heard,
        )

    def run(self) -> Outcome:
        """Try candidates until the time is over, nothing moves any more, or somebody has had enough.

        Raises:
            Cancelled: someone asked to stop before there was anything to keep, or for good.
            FenleiError: the first candidate cannot be tried.
        """
        try:
            self._try_plan()
            if self._budget is not None:
                self._try_further()
        except Enough:
            if self._board.best is None:
                raise Cancelled from None
        finally:
            self._watch.may_end_early(None)
        best = self._board.best
        if best is None:
            raise ValueError("a plan without views")
        self._watch.step(Stage.CHOOSE, 1, 1)
        for view in self._plan.views:
            if not self._board.knows(Candidate(view=view)):
                self._board.leave_out(Candidate(view=view), NO_TIME)
        for view, why in self._plan.left_out:
            self._board.leave_out(Candidate(view=view), why)
        return Outcome(best, self._board.lines())

    def _try_plan(self) -> None:
        while self._planned:
            self._report()
            candidate = self._planned.popleft()
            self._try(candidate, None)
            if self._budget is not None and len(self._judged) == 1 and candidate.kind == LOGISTIC:
                # Heads cost next to nothing on features that are there: before the next view is looked at.
                others = [Candidate(view=candidate.view, kind=kind) for kind in KINDS if kind != LOGISTIC]
                self._planned.extendleft(reversed(others))

    def _try_further(self) -> None:
        from fenlei.training.proposals import Proposals

        views = [view for view in self._plan.views if self._usable(view)]
        proposals = Proposals(views or self._plan.views[:1], self._task.seed)
        for entry in self._judged:
            if (found := proposals.next(entry.candidate)) is not None and entry.judged.loss is not None:
                proposals.told(found[1], entry.judged.loss, blocks_of(entry.judged, self._task))
        self._vote()
        self._plan_round()
        self._planned.extend(each for each in self._journal.candidates if each.kind != VOTE)
        since = 0
        while self._idle < self._patience and self._left() > 0:
            self._report()
            planned = self._planned.popleft() if self._planned else None
            if planned is not None and any(entry.candidate == planned for entry in self._judged):
                continue
            found = proposals.next(planned)
            if found is None:
                break
            candidate, trial = found
            judged = self._try(candidate, Trial(trial, proposals))
            if judged is None:
                self._idle += planned is None
                continue
            since += 1
            if since >= VOTE_EVERY:
                self._vote()
                since = 0
        self._vote()

    def _plan_round(self) -> None:
        """After the ladder: every kind of head on the best view, and altered copies."""
        best = self._board.best
        if best is None:
            return
        view = best.candidate.view
        for copies in COPIES:
            self._planned.extend(Candidate(view=view, kind=kind, copies=copies) for kind in KINDS)

    def _try(self, candidate: Candidate, trial: Trial | None) -> Entry | None:
        """Judge one candidate; None where it was left out."""
        known = self._journal.find(candidate)
        if known is not None:
            record, judged = known
            if judged is None:
                if trial is not None:
                    trial.dropped()
                self._board.leave_out(candidate, record.dropped or HOPELESS, self._clock(record.seconds))
                return None
            return self._enter(candidate, judged, record.seconds, trial)
        started = time.monotonic()
        try:
            if self._board.best is not None and not self._fits(candidate):
                if trial is not None:
                    trial.gave_up()
                self._board.leave_out(candidate, NO_TIME)
                return None
            judged = judge_candidate(candidate, self._task, self._workshop, self._watch, self._board.best, trial)
        except (Cancelled, Enough):
            raise
        except Dropped:
            seconds = time.monotonic() - started
            self._journal.add(candidate, None, seconds, HOPELESS)
            self._board.leave_out(candidate, HOPELESS, self._clock(seconds))
            self._costs.append(seconds)
            return None
        except FenleiError as exc:
            if self._board.best is None:
                raise
            if trial is not None:
                trial.gave_up()
            self._board.leave_out(candidate, str(exc))
            return None
        seconds = time.monotonic() - started
        self._journal.add(candidate, judged, seconds)
        self._costs.append(seconds)
        return self._enter(candidate, judged, seconds, trial)

    def _enter(self, candidate: Candidate, judged: Judged, seconds: float, trial: Trial | None) -> Entry:
        entry = Entry(candidate, judged)
        self._judged.append(entry)
        if trial is not None and entry.judged.loss is not None:
            trial.told(entry.judged.loss)
        timed = self._budget is not None
        won = self._board.enter(
            candidate,
            entry.judged,
            milliseconds=self._workshop.milliseconds(candidate.view) if timed else None,
            seconds=self._clock(seconds),
            size=self._workshop.bytes(candidate.view) if timed else None,
            allowed=not timed or not self._too_slow(candidate.view),
        )
        self._idle = 0 if won else self._idle + 1
        if won:
            if self._better is not None:
                started = time.monotonic()
                self._better(entry, self._board.lines())
                self._finishing = time.monotonic() - started
            self._watch.may_end_early(self._deadline())
        return entry

    def _vote(self) -> None:
        found = best_vote([(entry.candidate, entry.judged) for entry in self._judged], self._task.truth)
        if found is None or any(entry.candidate == found[0] for entry in self._judged):
            return
        idle = self._idle
        self._enter(*found, 0.0, None)
        if self._idle:
            self._idle = idle  # a vote that does not win is no proposal

    def _fits(self, candidate: Candidate) -> bool:
        """Whether it can be judged in time, by measurements of these networks and heads on this machine."""
        left = self._left()
        if left == float("inf"):
            return True
        if left <= 0:
            return False
        kinds = [None, *COPIES[candidate.copies]]
        features = self._workshop.missing(candidate.view, self._task.pictures, kinds)
        heads = sorted(self._costs)[len(self._costs) // 2] if self._costs else 0.0
        return features + min(heads, left / 2) <= left

    def _usable(self, view: View) -> bool:
        try:
            return not self._too_slow(view)
        except FenleiError:
            return False  # the line of the plan's candidate says why

    def _too_slow(self, view: View) -> bool:
        if view == self._plan.views[0]:
            return False
        quickest = self._workshop.milliseconds(self._plan.views[0])
        return self._workshop.milliseconds(view) > self._ceiling * quickest

    def _describe(self, view: View) -> tuple[str, int]:
        found = self._workshop.opened(view)
        return (found.id, found.size) if found is not None else (view.name, view.size or 0)

    def _clock(self, seconds: float) -> float | None:
        """Seconds where they may be told: without a budget the same pictures give the same bytes."""
        return None if self._budget is None else round(seconds, 2)

    def _deadline(self) -> float | None:
        """When the search must end, so that the last model is whole when the budget is spent."""
        if self._budget is None:
            return None
        return self._began + max(0.0, self._budget - self._before - self._finishing)

    def _left(self) -> float:
        deadline = self._deadline()
        return float("inf") if deadline is None else deadline - time.monotonic()

    def _report(self) -> None:
        """How far the search is: by the clock where there is one, else by candidates."""
        if self._budget is None:
            done, total = len(self._judged), len(self._plan.views)
            self._watch.step(Stage.CHOOSE, min(done, total - 1) if total else 0, total)
            return
        each = sum(self._costs) / len(self._costs) if self._costs else 1.0
        still = each * (len(self._planned) + max(1, self._patience - self._idle))
        elapsed = time.monotonic() - self._began + self._before
        left = max(0.0, min(self._left(), still))
        self._watch.step(Stage.CHOOSE, int(elapsed), max(1, int(elapsed + left)))
