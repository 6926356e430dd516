"""The leaderboard says what is aimed at, and how sure that figure is."""

from __future__ import annotations

import numpy as np
import pytest

from fenlei.imaging import Policy
from fenlei.training.aim import Aim
from fenlei.training.board import Board
from fenlei.training.candidate import Candidate
from fenlei.training.view import one
from tests.support.judgements import judgement


def test_where_macro_f1_is_aimed_at_it_is_the_score_and_lies_in_its_own_interval() -> None:
    """Two fifths of the small class are taken for the large one, and the third class has no picture."""
    truth = np.repeat([0, 1], [1000, 500])
    knows = np.arange(len(truth)) < 1300
    board = Board(
        truth,
        np.arange(len(truth)),
        3,
        aim=Aim.MACRO_F1,
        sure=0.9,
        seed=0,
        describe=lambda view: ("net", 32),
    )
    assert board.enter(Candidate(view=one("net", None, Policy.SQUASH), kind="logistic"), judgement(truth, 3, knows))
    (line,) = board.lines()
    macro = (2 * 1000 / (1000 + 1200) + 2 * 300 / (500 + 300)) / 2
    accuracy, balanced = 1300 / 1500, (1 + 300 / 500) / 2
    assert line.aim == "macro-F1"
    assert line.score == pytest.approx(macro)
    assert line.accuracy == pytest.approx(accuracy)
    assert line.score_interval is not None
    low, high = line.score_interval
    assert low < macro < high
    assert not low < balanced < high
    assert not low < accuracy < high


@pytest.mark.parametrize(("aim", "wins"), [(Aim.BALANCED, True), (Aim.MACRO_F1, False)])
def test_who_calls_too_much_by_the_name_of_the_small_class_wins_by_balanced_accuracy_and_not_by_macro_f1(
    aim: Aim, wins: bool
) -> None:
    truth = np.repeat([0, 1], [900, 100])
    careful, bold = judgement(truth, 2, np.ones(1000, bool)), judgement(truth, 2, np.ones(1000, bool))
    careful.logits[0, 960:] = [4.0, 0.0]  # of a hundred small ones forty are missed
    bold.logits[0, 750:900] = [0.0, 0.2]  # none is, but half as many more are taken for such
    board = Board(truth, np.arange(1000), 2, aim=aim, sure=0.9, seed=0, describe=lambda view: ("net", 32))
    view = one("net", None, Policy.SQUASH)
    assert board.enter(Candidate(view=view, kind="logistic"), careful)
    assert board.enter(Candidate(view=view, kind="svm"), bold) == wins
