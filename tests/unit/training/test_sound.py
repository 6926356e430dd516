"""What was learned anew is turned away where it knows less of what it has learned from, and only there."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.modelfile import Head
from fenlei.training.aim import Aim
from fenlei.training.finetune.sound import flaw_of
from fenlei.training.folds import draw_folds
from fenlei.training.task import Task
from tests.support.judgements import judgement

TRUTH = np.repeat([0, 1], [90, 30])
HEAD = Head.linear(np.eye(2, dtype=np.float32), np.zeros(2, np.float32))


def task(aim: Aim) -> Task:
    groups = np.arange(len(TRUTH))
    return Task([], TRUTH, groups, 2, 0, draw_folds(TRUTH, groups, 0), aim)


def all_but(*wrong: int) -> NDArray[np.bool_]:
    """(n,) which pictures are right."""
    right = np.ones(len(TRUTH), bool)
    right[list(wrong)] = False
    return right


def flaw(here: NDArray[np.bool_], there: NDArray[np.bool_], aim: Aim = Aim.ACCURACY) -> str | None:
    """Of a network that is right here, where the one that was judged had been right there."""
    answers = np.where(here, TRUTH, 1 - TRUTH)
    judged = judgement(TRUTH, 2, np.ones_like(there))
    judged.logits[:, ~there] *= -1
    return flaw_of(HEAD, np.eye(2, dtype=np.float32)[answers], judged, task(aim))


def test_what_is_right_as_often_or_short_of_that_by_mere_luck_is_taken() -> None:
    assert flaw(all_but(), all_but(3, 100)) is None
    assert flaw(all_but(5, 7), all_but(3, 100)) is None
    assert flaw(all_but(5, 7, 80), all_but(3, 100)) is None
    assert flaw(all_but(5, 7), all_but()) is None


def test_what_is_right_less_often_beyond_luck_is_turned_away_with_both_figures() -> None:
    said = flaw(all_but(*range(60, 90)), all_but(3, 100)) or ""
    assert "has 75.0% accuracy on 120 pictures that it has learned from" in said
    assert "the one that was judged had 98.3%" in said


@pytest.mark.parametrize("aim", Aim)
def test_a_class_that_it_has_forgotten_counts_by_what_is_aimed_at(aim: Aim) -> None:
    said = flaw(all_but(*range(90, 115)), all_but(*range(25)), aim)
    assert (said is None) == (aim is Aim.ACCURACY)
    assert said is None or aim.value in said


def test_scores_that_are_no_numbers_are_counted() -> None:
    features = np.eye(2, dtype=np.float32)[TRUTH]
    features[:7, 0] = np.nan
    said = flaw_of(HEAD, features, judgement(TRUTH, 2, all_but(*range(60))), task(Aim.ACCURACY)) or ""
    assert "no numbers for 7 of 120 pictures" in said
