"""One way of learning that somebody has chosen, judged as a search judges its candidates, and no other."""

from __future__ import annotations

from collections.abc import Callable

from fenlei.training.alteration import COPIES
from fenlei.training.basis import MAX_DIRECTIONS
from fenlei.training.board import Board, Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.finetune.alone import check_tuned, completed, tune_alone
from fenlei.training.finetune.tuner import Tuner
from fenlei.training.heads import ALL_KINDS, NEIGHBOURS
from fenlei.training.heads.neighbours import check_kept
from fenlei.training.journal import Journal
from fenlei.training.judging import judge_candidate
from fenlei.training.outcome import Outcome
from fenlei.training.plan import check_copies, check_goal
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
        wished: whether a backbone, a size, a policy or copies were asked for besides.

    Raises:
        TrainingError: it is neither a head on a view nor a network under one, or there is something else to choose.
    """
    check_goal(goal)
    if candidate.kind == TUNED:
        check_tuned(candidate)
    elif candidate.kind not in ALL_KINDS:
        known = ", ".join(ALL_KINDS)
        raise TrainingError(f"Only a head or a tuned network can be learned alone: {known}; not `{candidate.kind}`.")
    check_copies(candidate.copies)
    if budget is not None:
        raise TrainingError("One way of learning alone takes no budget: there is nothing to search.")
    if wished:
        raise TrainingError("Backbone, size, policy and copies of one way of learning are its own.")


def check_trainable(candidate: Candidate, workshop: Workshop) -> None:
    """Refuse a network that cannot be trained before pictures run through it.

    Raises:
        BackboneError: torch is missing, or there are no weights that it could hold.
    """
    if candidate.kind == TUNED:
        completed(candidate, workshop, 0, 0)


def judge_alone(
    candidate: Candidate,
    task: Task,
    workshop: Workshop,
    watch: Watch,
    journal: Journal,
    tuner: Tuner,
    heard: Callable[[CandidateResult], None] | None = None,
) -> Outcome:
    """Judge it by the folds of the training part. Its kind chooses a setting along its path where none was chosen.

    Args:
        candidate: what was chosen.
        task: the training part.
        workshop: where features come from.
        watch: progress and stop.
        journal: where it is written down.
        tuner: trains networks.
        heard: told of it; of a tuned network, first of the head that it begins from.

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
    head = candidate.members[0] if candidate.kind == TUNED else candidate
    if head.kind == NEIGHBOURS:  # in the end, more are kept than in any fold
        width = min(workshop.backbone(head.view).width, MAX_DIRECTIONS, len(task.pictures))
        check_kept(len(task.pictures) * (1 + len(COPIES[head.copies])), width, task.classes)
    judged = judge_candidate(head, task, workshop, watch, None, None)
    journal.add(head, judged, 0.0)
    board.enter(head, judged)
    winner = Entry(head, judged)
    if candidate.kind == TUNED:
        winner = tune_alone(candidate, winner, task, workshop, journal, board, tuner)
    watch.step(Stage.CHOOSE, 1, 1)
    return Outcome(winner, board.lines(), board.tried)
