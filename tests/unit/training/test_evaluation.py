"""Figures against numbers worked out by hand, and against scikit-learn."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, precision_recall_fscore_support

from fenlei.training.evaluation import Evaluation, evaluate, wilson_interval, worst

LABELS = ["a", "b", "c"]
#          truth a, called a          truth a, called b          truth b, called b          truth c, called a
SCORES = [[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.05, 0.9, 0.05], [0.5, 0.3, 0.2]]
TRUTH = [0, 0, 1, 2]


def test_four_pictures_by_hand() -> None:
    result = evaluate(SCORES, TRUTH, LABELS)
    assert result.pictures == 4
    assert result.accuracy == 0.5
    assert result.confusion == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    a, b, c = result.per_class
    assert (a.precision, a.recall, a.support) == (0.5, 0.5, 2)
    assert (b.precision, b.recall, b.support) == (0.5, 1.0, 1)
    assert (c.precision, c.recall, c.f1, c.support) == (0.0, 0.0, 0.0, 1)
    assert b.f1 == pytest.approx(2 / 3)
    assert result.macro_f1 == pytest.approx((0.5 + 2 / 3 + 0) / 3)
    assert result.log_loss == pytest.approx(-(np.log([0.7, 0.3, 0.9, 0.2])).mean())


def test_calibration_error_of_four_pictures_by_hand() -> None:
    # Best scores 0.7 (right), 0.6 (wrong), 0.9 (right), 0.5 (wrong): each alone in its bin of width 1/15.
    result = evaluate(SCORES, TRUTH, LABELS)
    assert result.expected_calibration_error == pytest.approx((0.3 + 0.6 + 0.1 + 0.5) / 4)
    assert [each.count for each in result.reliability if each.count] == [1, 1, 1, 1]
    assert len(result.reliability) == 15


def test_scores_that_come_true_as_often_as_they_say_have_no_calibration_error() -> None:
    scores = np.tile([0.8, 0.2], (10, 1))
    truth = [0] * 8 + [1] * 2
    assert evaluate(scores, truth, ["a", "b"]).expected_calibration_error == pytest.approx(0, abs=1e-12)


def test_a_best_score_of_one_lies_in_the_last_bin() -> None:
    result = evaluate([[1.0, 0.0]], [0], ["a", "b"])
    assert result.reliability[-1].count == 1


def test_scikit_learn_finds_the_same() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(300, 5)) * 2
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = rng.integers(0, 5, 300)
    called = scores.argmax(axis=1)
    result = evaluate(scores, truth, list("abcde"))
    precision, recall, f1, support = precision_recall_fscore_support(truth, called, zero_division=0)
    assert result.accuracy == pytest.approx(accuracy_score(truth, called))
    assert result.macro_f1 == pytest.approx(f1_score(truth, called, average="macro"))
    assert result.log_loss == pytest.approx(log_loss(truth, scores))
    assert result.confusion == confusion_matrix(truth, called).tolist()
    np.testing.assert_allclose([each.precision for each in result.per_class], precision)
    np.testing.assert_allclose([each.recall for each in result.per_class], recall)
    np.testing.assert_allclose([each.f1 for each in result.per_class], f1)
    assert [each.support for each in result.per_class] == support.tolist()


def test_a_class_that_nobody_saw_or_named_does_not_pull_the_mean_down() -> None:
    result = evaluate([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]], [0, 1], LABELS)
    assert result.macro_f1 == 1.0
    assert result.per_class[2].support == 0


@pytest.mark.parametrize(
    ("right", "all_of_them", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962), (0, 0, 0.0, 1.0)],
)
def test_wilson_intervals_of_the_tables(right: int, all_of_them: int, low: float, high: float) -> None:
    assert wilson_interval(right, all_of_them) == pytest.approx((low, high), abs=5e-5)


def test_a_score_of_nought_for_the_truth_costs_much_and_not_everything() -> None:
    assert np.isfinite(evaluate([[1.0, 0.0]], [1], ["a", "b"]).log_loss)


def test_the_surest_mistakes_come_first() -> None:
    assert worst(SCORES, TRUTH, 10) == [3, 1]
    assert worst(SCORES, TRUTH, 1) == [3]


def test_the_figures_survive_json() -> None:
    result = evaluate(SCORES, TRUTH, LABELS)
    assert msgspec.json.decode(msgspec.json.encode(result), type=Evaluation) == result


@pytest.mark.parametrize(("scores", "truth"), [([], []), ([[0.5, 0.5]], [0]), ([[0.2, 0.3, 0.5]], [0, 1])])
def test_shapes_that_do_not_fit_are_an_error(scores: list[list[float]], truth: list[int]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        evaluate(scores, truth, LABELS)
