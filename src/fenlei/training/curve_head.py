"""Which head is learned again many times to see what pictures are worth: the winner, or a quick relative of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fenlei.training.board import Entry
from fenlei.training.candidate import VOTE, Candidate
from fenlei.training.curve import LearningCurve
from fenlei.training.ending import Ending
from fenlei.training.head import Judged
from fenlei.training.heads import LOGISTIC, PROTOTYPES, SVM
from fenlei.training.journal import Journal
from fenlei.training.learning_curve import CurveTakes, curve_takes, learning_curve
from fenlei.training.task import Task
from fenlei.training.view import View
from fenlei.training.workshop import Workshop

QUICK = (LOGISTIC, SVM, PROTOTYPES)
"""Kinds that are learned in a fraction of a second."""


SECONDS, SHARE_OF_BUDGET, MOST_SECONDS = 0.5, 0.02, 5.0
"""What a curve is taken to be worth: without a budget, of one, and at most."""


class CurveHead(NamedTuple):
    """What is learned again, and how it was judged with all pictures."""

    view: View
    judged: Judged


def measure_curve(
    winner: Entry,
    task: Task,
    labels: Sequence[str],
    workshop: Workshop,
    journal: Journal,
    budget: float | None,
    ending: Ending | None = None,
    ask: Callable[[], None] = lambda: None,
) -> LearningCurve | None:
    """What more pictures of the training part would bring, on features that are there.

    Args:
        winner: of the search.
        task: the training part.
        labels: class names in class order.
        workshop: where features come from.
        journal: what was judged.
        budget: of the search in seconds.
        ending: told how far this is.
        ask: called several times in a second; may raise to end it.

    Returns:
        None where it cannot be said, or not in the time.
    """
    head = curve_head(winner, journal)
    if head is None:
        return None
    return learning_curve(
        workshop.lesson(head.view, task.pictures, task.truth, task.classes),
        head.judged,
        task.folds,
        task.groups,
        labels,
        aim=task.aim,
        seed=task.seed,
        seconds=curve_seconds(budget),
        ending=ending,
        ask=ask,
    )


def measuring_takes(
    winner: Entry, task: Task, workshop: Workshop, journal: Journal, budget: float | None
) -> CurveTakes:
    """What measuring the curve will really take, by a few fits of it; arguments as `measure_curve`."""
    head = curve_head(winner, journal)
    if head is None:
        return CurveTakes(0.0, 0.0)
    started = time.monotonic()
    lesson = workshop.lesson(head.view, task.pictures, task.truth, task.classes)
    preparing = time.monotonic() - started
    takes = curve_takes(lesson, head.judged, task.folds, task.groups, seed=task.seed, seconds=curve_seconds(budget))
    return takes._replace(starts=preparing + takes.starts)


def curve_seconds(budget: float | None) -> float:
    """What a curve may take on a core of a usual machine; it mostly takes less, see `measuring_takes`."""
    return SECONDS if budget is None else min(MOST_SECONDS, max(SECONDS, SHARE_OF_BUDGET * budget))


def curve_head(winner: Entry, journal: Journal) -> CurveHead | None:
    """The winner where it is one quick head that learned from no altered copies; else the nearest relative that was
    judged and is so: of a vote its weightiest member, the same without copies, logistic regression on the same view.

    Args:
        winner: of the search.
        journal: what was judged.

    Returns:
        None where nothing of the kind was judged.
    """
    known = winner.candidate
    several = known.members if known.kind == VOTE else (known,)
    for like in several:
        for candidate in (like, Candidate(view=like.view, kind=like.kind), Candidate(view=like.view)):
            if candidate.kind not in QUICK or candidate.copies != "none":
                continue
            if candidate == known:
                return CurveHead(candidate.view, winner.judged)
            found = journal.find(candidate)
            if found is not None and found[1] is not None:
                return CurveHead(candidate.view, found[1])
    return None
