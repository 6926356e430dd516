"""The head of a candidate that was judged, learned from whatever pictures are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Head
from fenlei.training.alteration import COPIES
from fenlei.training.board import Entry
from fenlei.training.candidate import VOTE, Candidate
from fenlei.training.head import Judged, fit_head
from fenlei.training.journal import Journal
from fenlei.training.look import Picture
from fenlei.training.vote import vote_head
from fenlei.training.workshop import Workshop


def fit_winner(
    entry: Entry,
    pictures: Sequence[Picture],
    truth: NDArray[np.int64],
    classes: int,
    workshop: Workshop,
    journal: Journal,
    step: Callable[[], None] = lambda: None,
) -> Head:
    """Learn with what was chosen.

    Args:
        entry: the candidate, and what it was judged to be.
        pictures: (n) to learn from.
        truth: (n,) class numbers.
        classes: number of classes.
        workshop: where features come from.
        journal: where the members of a vote were written down.
        step: called several times in a second while it is learned; may raise to end it.
    """
    candidate = entry.candidate
    if candidate.kind != VOTE:
        return fit_candidate(candidate, entry.judged, pictures, truth, classes, workshop, step)
    heads = []
    for member in candidate.members:
        known = journal.find(member)
        if known is None or known[1] is None:
            raise ValueError("a vote of a head that was not judged")
        heads.append(fit_candidate(member, known[1], pictures, truth, classes, workshop, step))
    widths = {part.backbones[0]: workshop.backbone(part).width for part in candidate.view.parts}
    return vote_head(candidate, entry.judged, heads, widths)


def fit_candidate(
    candidate: Candidate,
    judged: Judged,
    pictures: Sequence[Picture],
    truth: NDArray[np.int64],
    classes: int,
    workshop: Workshop,
    step: Callable[[], None] = lambda: None,
) -> Head:
    """The head of a candidate of one of `heads.ALL_KINDS`; arguments as `fit_winner`."""
    return fit_head(judged, workshop.lesson(candidate.view, pictures, truth, classes, COPIES[candidate.copies]), step)
