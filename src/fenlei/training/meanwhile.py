"""Divide the pictures, and judge a first candidate while altered copies among them are still being looked for.

Looking for altered copies takes as long as judging a head, and in most sets finds none that the quick ways had not
found. So the pictures are divided as if there were none, and the first candidate is judged by that on one core while
the other looks. Where there are some after all, the pictures are divided again and nothing of the guess is used: what
comes out is the same to the last bit, however busy the machine is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets import Duplicates, Groups
from fenlei.training.ahead import Ahead
from fenlei.training.candidate import Candidate
from fenlei.training.divided import Divided, Divider
from fenlei.training.head import Judged
from fenlei.training.judging import judge_candidate
from fenlei.training.look import Embedded
from fenlei.training.progress import Cancelled, Stage, Watch
from fenlei.training.unknown import BOTH, PARTS, held_out_distance, learn_distance
from fenlei.training.view import View
from fenlei.training.workshop import Workshop


@dataclass(frozen=True)
class First:
    """The first candidate, judged.

    Attributes:
        judged: what it scored.
        seconds: that it took.
    """

    judged: Judged
    seconds: float


def divided_meanwhile(
    duplicates: Duplicates,
    divider: Divider,
    view: View,
    copies: str,
    looked: Embedded,
    workshop: Workshop,
    watch: Watch,
    ahead: Ahead,
) -> tuple[Divided, First | None]:
    """Divide, and judge the default head on a view.

    Args:
        duplicates: looked for so far.
        divider: divides by groups of them.
        view: of the first candidate.
        copies: that it learns from.
        looked: all pictures by that view.
        workshop: where features come from.
        watch: progress and stop.
        ahead: looks for altered copies, and measures what the rule for the unknown is set by.

    Returns:
        How the pictures are divided; the first candidate, where it could be judged by that.

    Raises:
        FenleiError: nothing can be held out, or the candidate cannot be tried.
        Cancelled, Enough: someone asked to stop.
    """

    def look() -> Groups:
        groups = duplicates.with_altered()
        if _differ(groups, duplicates.near):
            ahead.forget()
        return groups

    looking = ahead.begin(look)

    def overtaken() -> bool:
        return looking.done() and _differ(looking.result(), duplicates.near)

    guess = divider.by(duplicates.near)
    _measure(ahead, view, looked.features, guess)
    first, started = None, time.monotonic()
    try:
        default = Candidate(view=view, copies=copies)
        judged = judge_candidate(default, guess.task, workshop, Watch(watch.step, overtaken), None, None)
        first = First(judged, time.monotonic() - started)
    except Cancelled:
        if watch.stopped:
            raise
    watch.step(Stage.GROUP, 0, 1)
    groups, found = looking.result(), guess
    if _differ(groups, duplicates.near):
        first, found = None, divider.by(groups)
        _measure(ahead, view, looked.features, found)
    return found, first


def _measure(ahead: Ahead, view: View, features: NDArray[np.float32], divided: Divided) -> None:
    known, truth, folds = features[divided.learning], divided.task.truth, divided.task.folds
    parts = PARTS[BOTH]
    ahead.measure(
        view,
        [partial(held_out_distance, part, known, truth, folds) for part in parts],
        [partial(learn_distance, part, known, truth) for part in parts],
    )


def _differ(some: Groups, others: Groups) -> bool:
    return not np.array_equal(some.group_of, others.group_of)
