"""The learned layer: right where it can be, steady where there is little, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from fenlei.modelfile import Dense, Normalise, Relu, Voter
from fenlei.modelfile.head_file import to_safetensors
from fenlei.training.aim import Aim, picture_weights
from fenlei.training.aimed_loss import aimed_loss
from fenlei.training.basis import ROW_ENERGY, find_basis
from fenlei.training.folds import draw_folds
from fenlei.training.head import DEFAULT_STRENGTH, class_weights, fit_head, judge_head, prepare_lesson
from fenlei.training.heads import LOGISTIC
from fenlei.training.logistic import fit_logistic, predict
from tests.support.learning import Learned, learn_head

Data = tuple[NDArray[np.float32], NDArray[np.int64]]


def clouds(per_class: list[int], width: int = 24, apart: float = 1.2, seed: int = 0) -> Data:
    """Features that are never negative and of very unequal loudness, as those of a network are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(0, apart, (len(per_class), width))
    loudness = np.exp(np.linspace(-3, 3, width))
    rows = [rng.normal(centre, 1, (count, width)) for centre, count in zip(centres, per_class, strict=True)]
    truth = np.repeat(np.arange(len(per_class)), per_class)
    return (np.maximum(np.concatenate(rows) + 1, 0) * loudness).astype(np.float32), truth.astype(np.int64)


def learn(data: Data, classes: int, seed: int = 0, groups: NDArray[np.int64] | None = None):  # type: ignore[no-untyped-def]
    features, truth = data
    return learn_head(features, truth, np.arange(len(truth)) if groups is None else groups, classes, seed=seed)


def weights(learned: Learned) -> NDArray[np.float32]:
    layer = learned.head.voters[0].layers[0]
    assert isinstance(layer, Dense)
    return layer.weight


def test_the_solver_finds_what_scikit_learn_finds() -> None:
    features, truth = clouds([40, 30, 50])
    rows = ((features - features.mean(0)) / features.std(0)).astype(np.float64)
    strength = 0.01
    ours = fit_logistic(rows, truth, 3, strength, tolerance=1e-9)
    theirs = LogisticRegression(C=1 / (strength * len(truth)), tol=1e-9, max_iter=5000).fit(rows, truth)
    np.testing.assert_allclose(np.diff(predict(rows, ours)), np.diff(theirs.decision_function(rows)), atol=0.01)


def test_a_class_without_rows_gets_low_scores_and_no_infinities() -> None:
    features, truth = clouds([40, 30])
    rows = find_basis(features).project(features)
    logits = predict(rows, fit_logistic(rows, truth, 3, 0.1))
    assert np.isfinite(logits).all()
    assert (logits.argmax(axis=1) != 2).all()


def test_new_pictures_of_the_same_kind_are_told_apart() -> None:
    learned = learn(clouds([60, 60, 60]), 3)
    features, truth = clouds([200, 200, 200], seed=1)
    assert (learned.head.scores(features).argmax(axis=1) == truth).mean() > 0.95


def test_the_head_works_on_features_as_they_come() -> None:
    features, truth = clouds([30, 30])
    learned = learn((features, truth), 2)
    assert weights(learned).shape == (24, 2)
    assert weights(learned).dtype == np.float32
    moved = features + 5 * features.std(0)
    assert not np.allclose(learned.head.scores(features), learned.head.scores(moved))
    basis = find_basis(features)
    rows = basis.project(features)
    last = Dense(np.ones((rows.shape[1], 1), np.float32), np.ones(1, np.float32))
    for layers in (
        (last,),
        (Normalise(), last),
        (Dense(np.eye(rows.shape[1], dtype=np.float32), rows[0]), Relu(), last),
    ):
        folded = Voter(basis.fold(layers))
        np.testing.assert_allclose(folded.logits(features), Voter(layers).logits(rows), rtol=1e-3, atol=1e-3)


def test_scores_held_out_by_the_folds_are_calibrated() -> None:
    features, truth = clouds([150, 150, 150], apart=0.35)
    learned = learn((features, truth), 3)
    fresh, answers = clouds([500, 500, 500], apart=0.35, seed=1)
    scores = learned.head.scores(fresh)
    assert abs(scores.max(axis=1).mean() - (scores.argmax(axis=1) == answers).mean()) < 0.05


def test_two_pictures_a_class_are_enough() -> None:
    learned = learn(clouds([2, 2, 2], apart=4), 3)
    features, truth = clouds([50, 50, 50], apart=4, seed=1)
    assert (learned.head.scores(features).argmax(axis=1) == truth).mean() > 0.8


def test_one_picture_a_class_takes_defaults() -> None:
    learned = learn(clouds([1, 1], apart=4), 2)
    assert learned.setting["strength"] == pytest.approx(DEFAULT_STRENGTH)
    assert learned.head.temperature == 1.0
    assert learned.loss is None
    assert not learned.held_out.any()


def test_duplicates_do_not_flatter_the_folds() -> None:
    """Every picture five times, classes drawn by lot: with copies on both sides the folds would be nearly always
    right."""
    rng = np.random.default_rng(0)
    features = np.repeat(rng.normal(size=(60, 40)), 5, axis=0).astype(np.float32)
    truth, groups = np.repeat(rng.integers(0, 2, 60), 5), np.repeat(np.arange(60), 5)
    honest = learn((features, truth), 2, groups=groups)
    flattered = learn((features, truth), 2)
    assert (honest.scores.argmax(axis=1) == truth).mean() < 0.7
    assert (flattered.scores.argmax(axis=1) == truth).mean() > 0.95


def test_features_that_never_move_do_no_harm() -> None:
    features, truth = clouds([30, 30])
    dead = np.concatenate([features, np.full((60, 3), 7, np.float32), np.zeros((60, 2), np.float32)], axis=1)
    learned = learn((dead, truth), 2)
    assert np.isfinite(weights(learned)).all()
    np.testing.assert_array_equal(weights(learned)[-5:], 0)


def test_features_that_are_all_the_same_give_equal_scores() -> None:
    learned = learn((np.ones((10, 8), np.float32), np.repeat([0, 1], 5)), 2)
    np.testing.assert_allclose(learned.head.scores(np.ones((1, 8), np.float32)), 0.5, atol=1e-3)


def test_equal_input_gives_equal_bytes_and_another_seed_other_folds() -> None:
    data = clouds([40, 40, 40], apart=0.5)
    one, two, other = learn(data, 3), learn(data, 3), learn(data, 3, seed=1)
    assert to_safetensors(one.head) == to_safetensors(two.head)
    assert one.head.temperature == two.head.temperature
    assert (one.logits != other.logits).any()


def test_even_classes_are_not_weighted_and_uneven_ones_halfway() -> None:
    assert class_weights(np.repeat([0, 1], [30, 20]), 2) is None
    weights = class_weights(np.repeat([0, 1], [90, 10]), 2)
    assert weights is not None
    assert weights[1] / weights[0] == pytest.approx(3)
    assert (weights * [90, 10]).sum() == pytest.approx(100)


def test_weights_help_the_small_class() -> None:
    features, truth = clouds([300, 12], apart=0.3)
    fresh, answers = clouds([300, 300], apart=0.3, seed=1)
    rows, other = find_basis(features), class_weights(truth, 2)
    assert other is not None
    plain = fit_logistic(rows.project(features), truth, 2, 0.1)
    weighted = fit_logistic(rows.project(features), truth, 2, 0.1, weights=other[truth])
    recall = [
        (predict(rows.project(fresh), each)[answers == 1].argmax(axis=1) == 1).mean() for each in (plain, weighted)
    ]
    assert recall[1] > recall[0]


def test_a_refit_keeps_the_recipe_and_learns_from_more() -> None:
    few, many = clouds([10, 10, 10], apart=0.6), clouds([100, 100, 100], apart=0.6)
    learned = learn(few, 3)
    again = fit_head(learned, prepare_lesson(*many, 3))
    fresh, truth = clouds([300, 300, 300], apart=0.6, seed=5)
    assert again.temperature == learned.head.temperature
    assert (again.scores(fresh).argmax(1) == truth).mean() > (learned.head.scores(fresh).argmax(1) == truth).mean()


def test_rows_have_the_same_energy_whatever_the_features_measure() -> None:
    features, _ = clouds([50, 50])
    for factor in (1, 1000):
        rows = find_basis(features * factor).project(features * factor)
        assert (rows**2).sum(axis=1).mean() == pytest.approx(ROW_ENERGY, rel=1e-3)


def test_where_every_class_counts_alike_the_setting_is_chosen_for_the_small_one_too() -> None:
    features, truth = clouds([200, 14], width=40, apart=0.35)
    lesson, folds = prepare_lesson(features, truth, 2), draw_folds(truth, np.arange(len(truth)), 0)
    weights = picture_weights(Aim.BALANCED, truth, 2)
    alike = judge_head(lesson, folds, LOGISTIC, seed=0)
    balanced = judge_head(lesson, folds, LOGISTIC, seed=0, counted=weights)
    assert balanced.setting["strength"] < alike.setting["strength"]
    assert aimed_loss(balanced, truth, weights) < aimed_loss(alike, truth, weights)
