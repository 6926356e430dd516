"""What judges a tuned network does not teach it: neither the fold that judges while one tunes, nor the test part."""

from __future__ import annotations

from dataclasses import replace as replaced
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from fenlei.datasets import scan
from fenlei.imaging import Policy
from fenlei.training.aim import Aim
from fenlei.training.board import Entry
from fenlei.training.candidate import Candidate
from fenlei.training.finetune import choice
from fenlei.training.finetune.choice import candidates_for
from fenlei.training.finetune.tuner import Needs, Tuner
from fenlei.training.finish import Trained
from fenlei.training.folds import draw_folds
from fenlei.training.head import Judged
from fenlei.training.journal import Journal
from fenlei.training.judging import judge_candidate
from fenlei.training.look import read_all
from fenlei.training.progress import Watch
from fenlei.training.task import Task
from fenlei.training.train import train
from fenlei.training.view import one
from fenlei.training.workshop import Workshop
from tests.support.hurried import hurry
from tests.support.selection import chosen, line_of_each, swapped
from tests.support.tunable import leaning_folders
from tests.support.tuning import SETTINGS

SHORT = replace(SETTINGS, epochs=3, patience=3)


@pytest.fixture(scope="module")
def task(leaning: Path) -> Task:
    """The part that learns; its first fold judges."""
    found = scan(leaning)
    pictures, _ = read_all(found, Watch())
    truth = np.array([found.labels.index(each.item.label) for each in pictures], np.int64)
    groups = np.arange(len(truth))
    return Task(pictures, truth, groups, len(found.labels), 0, draw_folds(truth, groups, 0), Aim.ACCURACY)


class Judging:
    """The same candidate, judged of any labels, from the same setting of the head that it begins with."""

    def __init__(self, task: Task, network: Path, workspace: Path) -> None:
        self._workspace, view = workspace, one(str(network), None, Policy.SQUASH)
        member = Candidate(view=view, kind="logistic")
        with Workshop(workspace / "start", Watch()) as workshop:
            self._start = Entry(member, judge_candidate(member, task, workshop, Watch(), None, None))
        (self._candidate,) = candidates_for(self._start, len(task.pictures), "cpu", 0, mirrored=False, cuttable=False)

    def __call__(self, task: Task, name: str) -> Judged:
        cache, journal = self._workspace / name, Journal(None, "")
        journal.add(self._start.candidate, self._start.judged, 0.0)
        with Workshop(cache, Watch()) as workshop:
            return Tuner(task, [], workshop, journal, Watch(), cache=cache).judge(self._candidate)


def relabelled(task: Task, rows: NDArray[np.bool_]) -> Task:
    """These pictures are of the other class, all others of their own; the folds stay."""
    return replaced(task, truth=np.where(rows, 1 - task.truth, task.truth))


def test_the_fold_that_judges_teaches_the_network_nothing(
    task: Task, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "ON_CPU", (SHORT,))
    judge, (_, inside, outside) = Judging(task, network, tmp_path), task.folds.parts()[0]
    # As many of one class as of the other, so that no class counts more than before.
    of_each = min(np.bincount(task.truth[outside], minlength=2))
    some = np.concatenate([np.flatnonzero(outside & (task.truth == label))[:of_each] for label in (0, 1)])
    turned = np.zeros(len(task.truth), bool)
    turned[some] = True
    before, after = judge(task, "as they are"), judge(relabelled(task, turned), "turned")
    assert before.held_out[0, turned].all()
    np.testing.assert_array_equal(after.logits, before.logits)
    assert before.loss is not None
    assert after.loss is not None
    assert after.loss != before.loss  # it was told what they are, and only judged by it
    learned = np.flatnonzero(inside)[:8]
    others = np.zeros(len(task.truth), bool)
    others[learned] = True
    assert not np.allclose(judge(relabelled(task, others), "others").logits, before.logits, atol=1e-3)


def trained(photos: Path, network: Path, cache: Path) -> Trained:
    return train(photos, cache=cache, goal="accurate", budget=900, backbone=str(network))


def test_where_a_network_is_tuned_the_test_part_chooses_nothing(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch.setattr)
    monkeypatch.setattr(Tuner, "needs", lambda tuner, candidate: Needs(judging=1.0, anew=1e6))
    photos = tmp_path / "as they are"
    leaning_folders(photos / "train", 60, kinds=2)
    leaning_folders(photos / "test", 10, kinds=2)
    plain, other = (
        trained(each, network, tmp_path / f"cache of {each.name}")
        for each in (photos, swapped(photos, tmp_path / "swapped"))
    )
    assert plain.report.recipe.head == "fine-tuned network"
    assert line_of_each(other) == line_of_each(plain)
    assert chosen(other) == chosen(plain)
    assert other.evaluation.accuracy == pytest.approx(1 - plain.evaluation.accuracy)
