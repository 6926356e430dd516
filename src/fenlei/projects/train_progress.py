"""Tell a run how far training is: a fraction that only grows, the time left, the lines of the leaderboard."""

from __future__ import annotations

from typing import Any

import msgspec

from fenlei.projects.leaderboard import CANDIDATE
from fenlei.runs import RunContext
from fenlei.store import Work, now
from fenlei.store.events import NewEvent
from fenlei.training.progress import Stage
from fenlei.training.report import CandidateResult
from fenlei.training.timetable import Outlook

_SPANS = {
    Stage.READ: (0.0, 0.05),
    Stage.EMBED: (0.05, 0.5),
    Stage.GROUP: (0.5, 0.55),
    Stage.CHOOSE: (0.55, 0.92),
    Stage.FIT: (0.55, 0.92),
    Stage.TUNE: (0.55, 0.92),
    Stage.JUDGE: (0.92, 0.95),
    Stage.FINISH: (0.95, 1.0),
}
"""Where each stage lies in the whole. Features of the first candidate are most of the work; the others share a span."""

MILESTONE = 1000
"""Pictures after which a step is noted: a run whose process dies again and again still gets on, because features that
were computed stay."""


class TrainProgress:
    """What `train` calls as its progress. For the thread that trains."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._fraction = 0.0
        self._stage: Stage | None = None
        self._candidates = (0, 1)
        self._heard = 0
        self._left: float | None = None
        self._tuning: int | None = None

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        """`done` of `total` steps of `stage` are done."""
        if stage is Stage.CHOOSE:
            self._candidates = (done, max(1, total))
        if stage is not self._stage and total:
            self._stage = stage
            self._context.log(f"{stage} ({total})" if total > 1 else str(stage))
        if self._left is None:
            self._fraction = max(self._fraction, self._place(stage, done, total))
        self._context.progress(str(stage), self._fraction, self._left)
        if stage is Stage.EMBED:
            self._note_milestone(done, total)
        if stage is Stage.TUNE:
            self._note_epochs(done, total)

    def time(self, outlook: Outlook) -> None:
        """Where there is a budget, the run is as far as its time is."""
        whole = outlook.spent + outlook.left
        self._left = outlook.left
        self._fraction = max(self._fraction, outlook.spent / whole if whole else 0.0)
        self._context.progress(str(self._stage or ""), self._fraction, self._left)

    def candidate(self, result: CandidateResult) -> None:
        """A candidate was tried: show its line of the leaderboard, and note it as a step. Once, however often the run
        is begun."""
        self._heard += 1
        name = _name(result)
        step = f"{CANDIDATE}{(result.key or str(self._heard))[:10]}: {name}"[:80]

        def tell(work: Work) -> dict[str, Any]:
            line: dict[str, Any] = msgspec.to_builtins(result)
            # In the transaction of the step: neither is there without the other.
            work.events.add(self._context.run.id, [NewEvent("candidate", line, now(), step)])
            self._tell(result, name)
            return line

        self._context.finish_step(step, tell)

    def _tell(self, result: CandidateResult, name: str) -> None:
        if result.accuracy is not None and result.accuracy_interval is not None and result.log_loss is not None:
            low, high = result.accuracy_interval
            self._context.metric("accuracy", result.accuracy, part="cross-validation", candidate=name)
            self._context.metric("log_loss", result.log_loss, part="cross-validation", candidate=name)
            self._context.log(f"{name}: right on {result.accuracy:.1%} ({low:.1%} to {high:.1%}) in cross-validation")
        elif result.left_out is not None:
            self._context.log(f"{name}: {result.left_out}")
        if result.chosen:
            self._context.early({"candidate": msgspec.to_builtins(result)})

    def _note_milestone(self, done: int, total: int) -> None:
        left = total - done
        if left and done and left % MILESTONE == 0:
            step = f"{CANDIDATE}{self._heard + 1}: {left} pictures to go"
            self._context.finish_step(step, lambda work: None)

    def _note_epochs(self, done: int, total: int) -> None:
        """Tuning that begins in the middle goes on after epochs that an earlier process has kept. Where it does so for
        the first time, the run got on: it is not the one that dies at the same place again and again."""
        if done and total != self._tuning:
            step = f"{CANDIDATE}{self._heard + 1}: goes on from step {done} of {total}"
            self._context.finish_step(step, lambda work: None)
        self._tuning = total

    def _place(self, stage: Stage, done: int, total: int) -> float:
        low, high = _SPANS[stage]
        share = done / total if total else 0.0
        if stage in {Stage.EMBED, Stage.FIT} and self._stage_of_contest:
            low, high = _SPANS[Stage.CHOOSE]
            number, count = self._candidates
            # Features come first, the head after them; neither ends its candidate's part.
            within = 0.6 * share if stage is Stage.EMBED else 0.6 + 0.35 * share
            share = min(1.0, (number + within) / count)
        return low + (high - low) * share

    @property
    def _stage_of_contest(self) -> bool:
        return self._fraction >= _SPANS[Stage.CHOOSE][0]


def _name(result: CandidateResult) -> str:
    copies = "" if result.copies == "none" else f", {result.copies} copies"
    return f"{result.backbone} {result.size} px {result.policy}, {result.head}{copies}"
