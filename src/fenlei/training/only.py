"""One way of learning that somebody has chosen, judged as a search judges its candidates, and no other."""

from __future__ import annotations

from collections.abc import Callable

from fenlei.training.alteration import COPIES
from fenlei.training.board import Board, Entry
from fenlei.training.candidate import Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.heads import KINDS
from fenlei.training.journal import Journal
from fenlei.training.judging import judge_candidate
from fenlei.training.outcome import Outcome
from fenlei.training.plan import check_goal
from fenlei.training.progress import Stage, Watch
from fenlei.training.report import CandidateResult
from fenlei.training.task import Task
from fenlei.training.workshop import Workshop


def check_alone(candidate: Candidate, *, goal: str, budget: float | None, wished: bool) -> None:
    """Refuse what cannot be learned alone.

    Args:
        candidate: what was chosen.
        goal: of the training.
        budget: of a search.
        wished: whether a backbone, a size or a policy was asked for besides.

    Raises:
        TrainingError: it is no head on a view, or there is something else to choose.
    """
    check_goal(goal)
    if candidate.kind not in KINDS:
        raise TrainingError(f"Only a head can be learned alone: {', '.join(KINDS)}; not `{candidate.kind}`.")
    if candidate.copies not in COPIES:
        raise TrainingError(f"There are no copies called `{candidate.copies}`; choose one of {', '.join(COPIES)}.")
    if budget is not None:
        raise TrainingError("One way of learning alone takes no budget: there is nothing to search.")
    if wished:
        raise TrainingError("Backbone, size and policy of one way of learning are those of its view.")


def judge_alone(
    candidate: Candidate,
    task: Task,
    workshop: Workshop,
    watch: Watch,
    journal: Journal,
    heard: Callable[[CandidateResult], None] | None = None,
) -> Outcome:
    """Judge it by the folds of the training part. Its kind chooses a setting along its path where none was chosen.

    Args:
        candidate: what was chosen.
        task: the training part.
        workshop: where features come from.
        watch: progress and stop.
        journal: where it is written down.
        heard: told of it.

    Raises:
        FenleiError: it cannot be tried.
        Cancelled: someone asked to stop.
    """
    board = Board(
        task.truth,
        task.groups,
        task.classes,
        aim=task.aim,
        sure=1.0,
        seed=task.seed,
        describe=workshop.describe,
        heard=heard,
    )
    judged = judge_candidate(candidate, task, workshop, watch, None, None)
    journal.add(candidate, judged, 0.0)
    board.enter(candidate, judged)
    watch.step(Stage.CHOOSE, 1, 1)
    return Outcome(Entry(candidate, judged), board.lines(), board.tried)
