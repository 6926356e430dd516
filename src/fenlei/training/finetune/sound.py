"""Whether a network that was learned anew went right, without a picture that anything is judged by.

Nothing judges it: it takes the scores of the network that was judged, and learned from the pictures that judged that
one too. These pictures still tell something. Whatever learns as it should is at least as often right on what it has
learned from as the same recipe was on what it had not seen. Label smoothing, mixed pictures and weights of classes
change how sure a network is, for both alike; so what is compared is which class they answer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Head
from fenlei.training.aim import chance_of_answers, figure, picture_weights
from fenlei.training.errors import TrainingError
from fenlei.training.head import Judged
from fenlei.training.task import Task
from fenlei.training.view import View
from fenlei.training.workshop import Workshop

DOUBT = 0.01
"""Chance of being no worse, below which it went wrong. What learned as it should is hardly ever worse at all."""

BLIND = (
    "Learned anew from everything, the network gives scores that are no numbers for {bad} of {asked} pictures that it "
    "has learned from. Its training went wrong and it is left out."
)

WORSE = (
    "Learned anew from everything, the network has {here:.1%} {aim} on {asked} pictures that it has learned from; the "
    "one that was judged had {there:.1%} on the same pictures, which it had not seen. Its training went wrong and it "
    "is left out."
)


class Inspection:
    """Of the networks of one search; each that is sound is looked at once. What is looked at is needed of it in any
    case.

    Args:
        task: the training part.
        workshop: where networks are.
    """

    def __init__(self, task: Task, workshop: Workshop) -> None:
        self._task, self._workshop = task, workshop
        self._sound: set[View] = set()

    def flaw(self, view: View, head: Head, judged: Judged) -> str | None:
        """What is wrong with a network that was learned anew; None where nothing is.

        Args:
            view: by which the workshop knows it, and nothing else.
            head: on it.
            judged: what the network scored that was judged.

        Raises:
            TrainingError: a picture cannot be used any more.
        """
        if view in self._sound:
            return None
        pictures = [self._task.pictures[row] for row in np.flatnonzero(judged.judged).tolist()]
        seen = self._workshop.features(view, pictures)
        for skipped in seen.skipped:  # the others have seen it
            raise TrainingError(f"{skipped.name} could not be used: {skipped.reason}")
        flaw = flaw_of(head, seen.features, judged, self._task)
        if flaw is None:
            self._sound.add(view)
        return flaw


def flaw_of(head: Head, features: NDArray[np.float32], judged: Judged, task: Task) -> str | None:
    """Hold a network that was learned anew against the one that was judged, by the pictures that judged that one.

    Args:
        head: on the network that was learned anew.
        features: (j, d) of the pictures that were judged, in order, by the engine that serves.
        judged: what the other one scored.
        task: the training part, all of which the network has learned from.

    Returns:
        A sentence that says what is wrong; None where nothing is.
    """
    rows = np.flatnonzero(judged.judged)
    with np.errstate(all="ignore"):
        scores = head.scores(features)
    finite = np.isfinite(features).all(axis=1) & np.isfinite(scores).all(axis=1)
    if not finite.all():
        return BLIND.format(bad=int(np.sum(~finite)), asked=len(rows))
    truth, aim, classes = task.truth[rows], task.aim, task.classes
    here, there = scores.argmax(axis=1), judged.scores[rows].argmax(axis=1)
    mine, its = (figure(aim, called, truth, classes) for called in (here, there))
    if mine >= its:
        return None
    weights = picture_weights(aim, task.truth, classes)[rows]
    if chance_of_answers(aim, here, there, truth, task.groups[rows], weights, classes, task.seed) >= DOUBT:
        return None
    return WORSE.format(here=mine, there=its, aim=aim.value, asked=len(rows))
