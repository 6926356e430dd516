"""Who asks to stop waits neither for a fold nor for the last head to be learned: it asks again and again meanwhile."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fenlei.imaging import Policy
from fenlei.training import head as head_room
from fenlei.training.aim import Aim
from fenlei.training.candidate import Candidate
from fenlei.training.folds import Folds
from fenlei.training.head import Lesson, fit_head, judge_head, prepare_lesson
from fenlei.training.heads import KINDS, LOGISTIC, NETWORK, SVM, Setting
from fenlei.training.heads import network as network_room
from fenlei.training.judging import Trial, judge_candidate
from fenlei.training.learning_curve import learning_curve
from fenlei.training.progress import Cancelled, Enough, Watch
from fenlei.training.proposals import Proposals
from fenlei.training.task import Task
from fenlei.training.view import one

PICTURES, FOLDS = 60, 3
TRUTH = np.arange(PICTURES) % 3
SETTINGS: dict[str, Setting] = {
    LOGISTIC: {"strength": 0.01},
    SVM: {"strength": 0.01},
    NETWORK: {"hidden": 128.0, "dropout": 0.5, "decay": 1.0, "rate": 5e-3, "epochs": 30.0},
}
"""Of those that are learned step by step."""


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    rng = np.random.default_rng(1)
    features = rng.normal(0, 1, (PICTURES, 12)) + rng.normal(0, 1, (3, 12))[TRUTH]
    return prepare_lesson(features.astype(np.float32), TRUTH, 3)


def counted(kind: str, asked: list[int], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often each fit of this kind asks, from now on; filled while it goes on."""
    fit, by_fit = type(KINDS[kind]).fit, list[int]()

    def counting(*given: Any, **more: Any) -> Any:
        before = len(asked)
        fitted = fit(*given, **more)
        by_fit.append(len(asked) - before)
        return fitted

    monkeypatch.setattr(type(KINDS[kind]), "fit", counting)
    return by_fit


def folds() -> Folds:
    return Folds((np.arange(PICTURES) // 3 % FOLDS)[None], np.ones(PICTURES, bool))


@pytest.mark.parametrize("kind", SETTINGS)
def test_to_ask_changes_nothing_of_what_is_learned_and_the_third_answer_ends_it(lesson: Lesson, kind: str) -> None:
    import torch

    asked: list[int] = []

    def step() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise Enough

    inside = TRUTH >= 0
    plain, _ = lesson.fit(KINDS[kind], inside, SETTINGS[kind], seed=4)
    counted: list[int] = []
    told, _ = lesson.fit(KINDS[kind], inside, SETTINGS[kind], seed=4, step=lambda: counted.append(1))
    assert len(counted) >= 5
    rows = lesson.rows
    np.testing.assert_array_equal(head_room.judge(told, rows), head_room.judge(plain, rows))

    before = torch.get_num_threads(), torch.get_rng_state()
    with pytest.raises(Enough):
        lesson.fit(KINDS[kind], inside, SETTINGS[kind], seed=4, step=step)
    assert len(asked) == 3
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_a_small_network_that_learns_from_more_pictures_is_asked_about_more_often(lesson: Lesson) -> None:
    """Not once an epoch, which of many pictures takes long."""
    many = np.tile(lesson.rows, (40, 1)), np.tile(TRUTH, 40)
    asked: list[int] = []
    setting = {**SETTINGS[NETWORK], "epochs": 12.0}
    KINDS[NETWORK].fit(*many, 3, None, setting, seed=0, step=lambda: asked.append(1))
    batches = 12 * (len(many[0]) // network_room.BATCH)
    assert batches > network_room.LEAST_STEPS
    assert len(asked) >= batches / 25


@pytest.mark.parametrize("kind", SETTINGS)
def test_within_each_fold_a_search_asks_several_times(lesson: Lesson, kind: str) -> None:
    """Where a candidate may be dropped after any of its folds."""
    asked: Counter[tuple[int, int]] = Counter()
    candidate = Candidate(view=one("net", None, Policy.SQUASH), kind=kind, setting=dict(SETTINGS[kind]))
    proposals = Proposals([candidate.view], 0)
    found = proposals.next(Candidate(view=candidate.view, kind=kind))
    assert found is not None
    task = Task([], TRUTH, np.arange(PICTURES), 3, 0, folds(), Aim.ACCURACY)
    workshop: Any = SimpleNamespace(lesson=lambda *_: lesson)
    watch = Watch(lambda stage, done, total: asked.update([(done, total)]))
    judge_candidate(candidate, task, workshop, watch, None, Trial(found[1], proposals))
    assert set(asked) == {(fold, FOLDS) for fold in range(FOLDS)}
    assert min(asked.values()) >= 5


@pytest.mark.parametrize("kind", SETTINGS)
def test_of_folds_too_large_to_be_learned_side_by_side_each_asks_several_times(
    lesson: Lesson, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_room, "_SIDE_BY_SIDE", 0)
    asked: list[int] = []
    by_fold = counted(kind, asked, monkeypatch)
    judge_head(lesson, folds(), kind, seed=0, path=[SETTINGS[kind]], step=lambda done, total: asked.append(done))
    assert len(by_fold) == FOLDS
    assert min(by_fold) >= 5


@pytest.mark.parametrize("kind", SETTINGS)
def test_the_last_head_is_the_same_where_it_is_asked_about_and_the_third_answer_ends_it(
    lesson: Lesson, kind: str
) -> None:
    judged = judge_head(lesson, folds(), kind, seed=0, path=[SETTINGS[kind]])
    asked: list[int] = []
    plain, told = fit_head(judged, lesson), fit_head(judged, lesson, lambda: asked.append(1))
    assert len(asked) >= 5
    np.testing.assert_array_equal(told.logits(lesson.rows), plain.logits(lesson.rows))

    def step() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise Cancelled

    asked.clear()
    with pytest.raises(Cancelled):
        fit_head(judged, lesson, step)
    assert len(asked) == 3


def test_who_works_to_the_end_hears_that_all_is_called_off_and_not_that_somebody_has_had_enough() -> None:
    watch = Watch(enough=lambda: True)
    watch.may_end_early()
    watch.ask()
    with pytest.raises(Cancelled):
        Watch(cancelled=lambda: True, enough=lambda: True).ask()


def test_each_fit_of_a_learning_curve_asks_several_times(lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = judge_head(lesson, folds(), LOGISTIC, seed=0, path=[SETTINGS[LOGISTIC]])
    asked: list[int] = []
    by_fit = counted(LOGISTIC, asked, monkeypatch)
    groups, labels = np.arange(PICTURES), ["a", "b", "c"]
    curve = learning_curve(
        lesson, judged, folds(), groups, labels, aim=Aim.ACCURACY, seed=0, ask=lambda: asked.append(1)
    )
    assert curve is not None
    assert by_fit[0] >= 5  # others begin there, and may be done at once
    assert len(asked) >= 2 * len(by_fit)
