"""What is known of pictures before a network is tuned on them: whether they may be mirrored, and who judges it."""

from __future__ import annotations

import numpy as np

from fenlei.imaging import Policy
from fenlei.training.aim import Aim
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.finetune.choice import (
    as_judged,
    by_folds,
    folds_of,
    heads_to_begin_with,
    learned_anew,
    may_mirror,
    without_mixing,
)
from fenlei.training.finetune.settings import TuneSettings, read_settings
from fenlei.training.folds import draw_folds
from fenlei.training.head import Judged
from fenlei.training.task import Task
from fenlei.training.view import View, one

TASK = Task([], np.arange(4) % 2, np.arange(4), 2, 0, draw_folds(np.arange(4) % 2, np.arange(4), 0), Aim.ACCURACY)
LARGE, SMALL = one("net", 224, Policy.SQUASH), one("net", 160, Policy.SQUASH)


def entry(view: View, copies: str, loss: float) -> Entry:
    nothing = np.zeros((1, 4, 2))
    judged = Judged(
        kind="logistic", setting={}, temperature=1.0, class_weights=None, held_out=np.ones((1, 4), bool),
        logits=nothing, loss=loss,
    )  # fmt: skip
    return Entry(Candidate(view=view, copies=copies), judged)


def test_pictures_may_be_mirrored_where_heads_fare_no_worse_with_mirrored_copies() -> None:
    photographs = [entry(LARGE, "none", 0.4), entry(LARGE, "altered", 0.39), entry(LARGE, "altered and mirrored", 0.37)]
    writing = [entry(LARGE, "none", 0.4), entry(LARGE, "altered", 0.39), entry(LARGE, "altered and mirrored", 0.45)]
    assert may_mirror(photographs, LARGE, TASK)
    assert not may_mirror(writing, LARGE, TASK)
    assert not may_mirror(photographs[:2], LARGE, TASK)
    assert may_mirror(photographs[2:], LARGE, TASK)  # somebody asked for no other copies
    assert not may_mirror(photographs[1:2], LARGE, TASK)
    assert not may_mirror([], LARGE, TASK)


def test_what_one_view_tells_of_the_pictures_holds_for_another_that_tells_nothing() -> None:
    large = [entry(LARGE, "altered", 0.39), entry(LARGE, "altered and mirrored", 0.37)]
    assert may_mirror([*large, entry(SMALL, "none", 0.5)], SMALL, TASK)
    small = [entry(SMALL, "altered", 0.5), entry(SMALL, "altered and mirrored", 0.6)]
    assert not may_mirror([*large, *small], SMALL, TASK)


def test_two_policies_that_show_a_network_the_same_are_begun_with_once() -> None:
    """Of square pictures both are the same, and tuning would do the same work twice."""
    other = LARGE._replace(policy=Policy.LETTERBOX)
    better = entry(LARGE, "altered", 0.3)
    same = [better, entry(LARGE, "none", 0.4), entry(other, "none", 0.4), entry(SMALL, "none", 0.5)]
    assert heads_to_begin_with(same, TASK) == [better, same[-1]]  # another size is other work
    differs = entry(other, "none", 0.41)
    differs.judged.logits[0, 0, 0] = 0.2
    assert heads_to_begin_with([better, same[1], differs], TASK) == [better, differs]


def test_one_candidate_by_how_many_folds_judge_it_and_whether_it_is_learned_anew() -> None:
    settings = TuneSettings(mixing=0.4, epochs=3)
    once = Candidate(view=SMALL, kind=TUNED, setting=settings.as_numbers())
    twice = by_folds(once, 2)
    assert (folds_of(once), folds_of(twice)) == (1, 2)
    assert by_folds(twice, 1) == once
    assert read_settings(twice.setting or {}) == settings
    assert "judged by 2 folds" in twice.head
    assert twice.head != learned_anew(twice).head
    assert as_judged(learned_anew(twice)) == twice


def test_the_same_without_mixing_is_judged_by_one_fold_first_and_has_no_plainer_one() -> None:
    once = Candidate(view=SMALL, kind=TUNED, setting=TuneSettings(mixing=0.4).as_numbers())
    plainer = without_mixing(learned_anew(by_folds(once, 3)))
    assert plainer is not None
    assert folds_of(plainer) == 1
    assert read_settings(plainer.setting or {}) == TuneSettings(mixing=0.0)
    assert without_mixing(plainer) is None
