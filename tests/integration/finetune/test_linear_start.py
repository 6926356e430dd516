"""Fine-tuning begins where the linear head is that was learned on the network as it is (LP-FT, Kumar et al. 2022,
"Fine-Tuning can Distort Pretrained Features"): of a training that changes nothing, that head is what comes out."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from fenlei.imaging import Policy
from fenlei.modelfile import softmax
from fenlei.training.board import Entry
from fenlei.training.candidate import Candidate
from fenlei.training.finetune import choice
from fenlei.training.finetune.choice import candidates_for, learned_anew
from fenlei.training.finetune.part import Part
from fenlei.training.finetune.training import divided
from fenlei.training.finetune.tuner import Tuner
from fenlei.training.head import Judged, fit_head
from fenlei.training.journal import Journal
from fenlei.training.judging import judge_candidate
from fenlei.training.progress import Watch
from fenlei.training.task import Task
from fenlei.training.view import one
from fenlei.training.workshop import Workshop
from tests.support.tasks import drawn_task
from tests.support.tuning import SETTINGS

UNMOVED = replace(SETTINGS, epochs=1, rate=0.0, head_rate=0.0)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    """Pictures that a linear head tells apart on a network of random weights."""
    return drawn_task(tmp_path_factory.mktemp("photos"), {"a": 40, "b": 40, "c": 40}, 32)


class Begun:
    """A linear head that was judged, and a network that is to be tuned from there.

    Attributes:
        start: the head, and what it scored.
        candidate: tunes for an epoch at a rate of zero.
    """

    def __init__(self, task: Task, network: Path, workshop: Workshop, cache: Path, parts: list[Part]) -> None:
        member = Candidate(view=one(str(network), None, Policy.SQUASH), kind="logistic")
        self.start = Entry(member, judge_candidate(member, task, workshop, Watch(), None, None))
        (self.candidate,) = candidates_for(self.start, len(task.pictures), "cpu", 0, mirrored=False, cuttable=False)
        self._task, self._workshop, journal = task, workshop, Journal(None, "")
        journal.add(member, self.start.judged, 0.0)
        self.tuner = Tuner(task, parts, workshop, journal, Watch(), cache=cache)

    def linear(self, rows: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.float64]:
        """Scores of the head that was learned from these rows, on the features of the network as it is."""
        view, task = self.start.candidate.view, self._task
        pictures = [task.pictures[row] for row in rows]
        head = fit_head(self.start.judged, self._workshop.lesson(view, pictures, task.truth[rows], task.classes))
        return head.scores(self._workshop.features(view, [task.pictures[row] for row in asked]).features)


def scores_of(judged: Judged, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    return softmax(judged.logits[0, rows])


def right(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    return float((scores.argmax(1) == truth).mean())


def test_what_is_judged_before_anything_was_learned_is_the_linear_head(
    task: Task, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "ON_CPU", (UNMOVED,))
    with Workshop(tmp_path, Watch()) as workshop:
        begun = Begun(task, network, workshop, tmp_path, [])
        judged = begun.tuner.judge(begun.candidate)
        _, inside, outside = task.folds.parts()[0]
        learned, _ = divided(np.flatnonzero(inside), task.truth, task.groups, task.seed)
        held_out = np.flatnonzero(outside)
        expected = begun.linear(learned, held_out)
    np.testing.assert_allclose(scores_of(judged, held_out), expected, atol=2e-3)
    assert right(expected, task.truth[held_out]) > 0.8


def test_what_is_learned_anew_begins_with_the_head_that_was_learned_from_everything(
    task: Task, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "ON_CPU", (UNMOVED,))
    everything = np.arange(len(task.truth))
    with Workshop(tmp_path, Watch()) as workshop:
        begun = Begun(task, network, workshop, tmp_path, [Part(task.pictures, task.truth)])
        entry = Entry(learned_anew(begun.candidate), begun.tuner.judge(begun.candidate))
        view, head = begun.tuner.fitted(entry, task.pictures, task.truth)
        found = dataclasses.replace(head, temperature=1.0).scores(workshop.features(view, task.pictures).features)
        expected = begun.linear(everything, everything)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert right(expected, task.truth) > 0.8
