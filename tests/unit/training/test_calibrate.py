"""One temperature, or a scale and a shift for each class: the latter only where it is better for sure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import softmax
from fenlei.training.calibrate import Calibrated, calibrate
from fenlei.training.evaluation import calibration_error, log_loss, reliability


def honest(count: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits whose softmax is the chance of each class, and truths drawn by it."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(count, 3)) * 2
    scores = softmax(logits)
    truth = (scores.cumsum(axis=1) < rng.uniform(size=(count, 1))).sum(axis=1)
    return logits, truth.astype(np.int64)


def chosen(logits: NDArray[np.float64], truth: NDArray[np.int64], temperature: float = 1.0) -> Calibrated:
    held_out = np.ones((1, len(truth)), bool)
    return calibrate(logits[None], held_out, truth, np.arange(len(truth)), temperature=temperature, seed=0)


def test_where_all_classes_boast_alike_one_temperature_does() -> None:
    logits, truth = honest(600)
    found = chosen(logits * 3, truth, 3.0)
    assert (found.method, found.temperature, found.scale) == ("temperature", 3.0, None)
    assert found.vector_chance is not None
    assert found.error_before is not None
    assert found.error_after is not None
    assert found.error_after < found.error_before / 2


def test_where_one_class_boasts_more_each_gets_a_scale_and_a_shift() -> None:
    logits, truth = honest(900)
    crooked = logits * [4.0, 1.0, 1.0] + [2.0, 0.0, 0.0]
    found = chosen(crooked, truth, 2.0)
    assert found.method == "vector"
    assert found.scale is not None
    assert found.scale[0] < found.scale[1] / 2
    fresh, right = honest(4000, seed=1)
    crooked = fresh * [4.0, 1.0, 1.0] + [2.0, 0.0, 0.0]
    scores = found.scores(crooked)
    assert log_loss(scores, right) < log_loss(softmax(fresh), right) + 0.02
    assert calibration_error(reliability(scores, right)) < 0.04


def test_classes_of_few_pictures_are_not_given_numbers_of_their_own() -> None:
    logits, truth = honest(900)
    few = np.flatnonzero(truth == 2)[:20]
    kept = np.sort(np.concatenate([np.flatnonzero(truth != 2), few]))
    found = chosen(logits[kept] * [4.0, 1.0, 1.0], truth[kept], 2.0)
    assert (found.method, found.vector_chance) == ("temperature", None)


def test_without_pictures_that_were_held_out_nothing_is_chosen() -> None:
    logits, truth = honest(4)
    found = calibrate(logits[None], np.zeros((1, 4), bool), truth, np.arange(4), temperature=1.0, seed=0)
    assert found == Calibrated(1.0)
