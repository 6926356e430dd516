"""Thresholds keep what was asked for on pictures that were not looked at, as far as there are pictures enough."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.modelfile import Decision, softmax
from fenlei.training.decide import Demand, choose_thresholds
from fenlei.training.errors import TrainingError

LABELS = ["fine", "cracked", "dirty"]


def pictures(count: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Honest scores and truths."""
    rng = np.random.default_rng(seed)
    scores = softmax(rng.normal(size=(count, 3)) * 2)
    return scores, (scores.cumsum(axis=1) < rng.uniform(size=(count, 1))).sum(axis=1).astype(np.int64)


def thresholds(demand: Demand, count: int = 3000) -> tuple[Decision, list[bool]]:
    scores, truth = pictures(count)
    return choose_thresholds(demand, scores, truth, np.arange(count), LABELS, 0)


def answers(decision: Decision, scores: NDArray[np.float64]) -> NDArray[np.int64]:
    given = [decision.choose(row) for row in scores.tolist()]
    return np.array([-1 if each is None else each for each in given])


def test_answers_are_as_precise_as_asked_on_other_pictures() -> None:
    decision, kept = thresholds(Demand(precision=0.9))
    scores, truth = pictures(6000, seed=1)
    given = answers(decision, scores)
    assert np.mean(scores.argmax(axis=1) == truth) < 0.8
    for number in range(3):
        assert np.mean(truth[given == number] == number) > 0.87
        assert (given == number).sum() > 200
    assert kept == [True] * 3


def test_classes_that_are_not_named_answer_as_always() -> None:
    decision, _ = thresholds(Demand(precision={"cracked": 0.95}))
    assert decision.thresholds[0] == decision.thresholds[2] == 0
    assert decision.thresholds[1] > 0.8
    assert decision.choose([0.5, 0.3, 0.2]) == 0
    assert decision.choose([0.2, 0.6, 0.2]) is None


def test_few_pictures_promise_little() -> None:
    scores, truth = pictures(12)
    _, kept = choose_thresholds(Demand(precision=0.95), scores, truth, np.arange(12), LABELS, 0)
    assert not any(kept)


def test_answers_by_cost_are_cheaper_than_the_largest_score() -> None:
    decision, _ = thresholds(Demand(cost={"cracked": (1.0, 10.0)}))
    scores, truth = pictures(6000, seed=1)

    def cost(given: NDArray[np.int64]) -> float:
        wrong = (given != truth) & (given >= 0)
        return float(np.sum(wrong * 1.0) + np.sum((given != truth) * np.where(truth == 1, 10.0, 1.0)))

    assert cost(answers(decision, scores)) < 0.75 * cost(scores.argmax(axis=1))
    assert decision.choose([0.7, 0.25, 0.05]) == 1


def test_scores_that_lie_move_the_threshold_that_costs_alone_would_give() -> None:
    scores, truth = pictures(4000)
    shy = scores.copy()
    shy[:, 1] *= 0.3  # "cracked" is three times as likely as it says
    honest, _ = choose_thresholds(Demand(cost=(1.0, 1.0)), scores, truth, np.arange(4000), LABELS, 0)
    found, _ = choose_thresholds(Demand(cost=(1.0, 1.0)), shy, truth, np.arange(4000), LABELS, 0)
    assert honest.thresholds[1] == 0.5
    assert 0.05 < found.thresholds[1] < 0.25


@pytest.mark.parametrize(
    ("demand", "words"),
    [
        (Demand(precision=0.9, cost=(1, 1)), "not by both"),
        (Demand(precision=1.0), "between 0 and 1"),
        (Demand(precision={"fine": 0.0}), "'fine'"),
        (Demand(cost=(0.0, 1.0)), "more than 0"),
        (Demand(precision={"broken": 0.9}), "no class 'broken'"),
    ],
)
def test_what_cannot_be_asked_is_refused(demand: Demand, words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        demand.check(LABELS)
