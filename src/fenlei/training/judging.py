"""Judge one candidate: features, folds, scores on what was held out; given up as soon as it cannot win any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError
from fenlei.modelfile import softmax
from fenlei.training.alteration import COPIES
from fenlei.training.calibration import fit_temperature
from fenlei.training.candidate import Candidate
from fenlei.training.evaluation import losses_of
from fenlei.training.head import Judged, Lesson, judge, judge_head, weigh
from fenlei.training.heads import ALL_KINDS, Setting
from fenlei.training.one_thread import one_thread
from fenlei.training.progress import Stage, Watch
from fenlei.training.workshop import Workshop

if TYPE_CHECKING:
    from fenlei.training.proposals import Proposals
    from fenlei.training.task import Task

BLOCKS = 4
"""Parts of a fold whose losses are compared with those of the best."""


class Best(Protocol):
    """The candidate to beat."""

    @property
    def candidate(self) -> Candidate: ...
    @property
    def judged(self) -> Judged: ...


class Dropped(FenleiError):
    """A candidate fell behind beyond doubt."""


@dataclass(frozen=True)
class Trial:
    """A candidate as optuna knows it."""

    trial: Any
    proposals: Proposals

    def told(self, loss: float, blocks: Sequence[tuple[int, float]] = ()) -> None:
        """It was judged to its end; in this process, its blocks were told before."""
        self.proposals.told(self.trial, loss, blocks)

    def gave_up(self) -> None:
        """It was not tried."""
        self.proposals.give_up(self.trial)

    def dropped(self) -> None:
        """It fell behind."""
        self.proposals.drop(self.trial)

    def check(self, blocks: list[tuple[int, float]]) -> None:
        """Report what some blocks cost.

        Raises:
            Dropped: it cannot win any more.
        """
        for number, loss in blocks:
            self.trial.report(loss, number)
        if self.proposals.hopeless(self.trial):
            self.dropped()
            raise Dropped("It fell behind beyond doubt.")


def judge_candidate(
    candidate: Candidate, task: Task, workshop: Workshop, watch: Watch, best: Best | None, trial: Trial | None
) -> Judged:
    """Learn from folds and score what they hold out.

    Args:
        candidate: what to try; no vote.
        task: the training part.
        workshop: where features come from.
        watch: progress and stop.
        best: what it has to beat.
        trial: how optuna is told; None tries it to its end.

    Raises:
        Dropped: it cannot win any more.
        FenleiError: it cannot be tried.
        Cancelled, Enough: someone asked to stop.
    """
    lesson = workshop.lesson(candidate.view, task.pictures, task.truth, task.classes, COPIES[candidate.copies])
    path: list[Setting] = [*ALL_KINDS[candidate.kind].path] if candidate.setting is None else [candidate.setting]
    if trial is not None:
        setting = _probe(candidate, path, best)
        logits = _fold_by_fold(lesson, candidate.kind, setting, task, watch, trial)
        if len(path) == 1:
            return weigh(candidate.kind, setting, lesson, task.folds, logits, task.seed)
    return judge_head(
        lesson,
        task.folds,
        candidate.kind,
        seed=task.seed,
        path=path,
        counted=task.weights,
        step=lambda done, total: watch.step(Stage.FIT, done, total),
    )


def blocks_of(judged: Judged, task: Task) -> list[tuple[int, float]]:
    """What each block of pictures costs a candidate that was judged before."""
    return [
        block
        for number, (repeat, _, outside) in enumerate(task.folds.parts())
        for block in _losses(judged.logits[repeat, outside], task, outside, number)
    ]


def _fold_by_fold(
    lesson: Lesson, kind: str, setting: Setting, task: Task, watch: Watch, trial: Trial
) -> NDArray[np.float64]:
    """(repeats, n, c) logits at one setting, reported fold after fold."""
    parts = task.folds.parts()
    logits = np.zeros((*task.folds.number.shape, task.classes))
    for number, (repeat, inside, outside) in enumerate(parts):
        step = partial(watch.step, Stage.FIT, number, len(parts))
        step()
        with one_thread():
            layers, _ = lesson.fit(ALL_KINDS[kind], inside, setting, seed=task.seed, step=step)
        logits[repeat, outside] = judge(layers, lesson.rows[: lesson.count][outside], step)
        trial.check(_losses(logits[repeat, outside], task, outside, number))
    return logits


def _losses(logits: NDArray[np.float64], task: Task, outside: NDArray[np.bool_], fold: int) -> list[tuple[int, float]]:
    """The mean loss of each block of a fold, by what is aimed at, at the temperature that suits the fold: margins of
    different kinds of heads are no common measure."""
    truth = task.truth[outside]
    scores = softmax(logits / fit_temperature(logits, truth))
    losses = losses_of(scores, truth)
    if task.weights is not None:
        losses = losses * task.weights[outside]
    pieces = np.array_split(losses, min(BLOCKS, len(losses)))
    return [(fold * BLOCKS + place, float(piece.mean())) for place, piece in enumerate(pieces)]


def _probe(candidate: Candidate, path: list[Setting], best: Best | None) -> Setting:
    """The setting at which a first look is fair: the best one's, where it is of the same kind."""
    if best is not None and best.candidate.kind == candidate.kind and best.judged.setting in path:
        return best.judged.setting
    return path[len(path) // 2]
