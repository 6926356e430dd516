"""The temperature makes scores mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from fenlei.modelfile import softmax
from fenlei.training.calibration import fit_temperature
from fenlei.training.evaluation import evaluate


def honest(count: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits whose softmax is the chance of each class, and truths drawn by it."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(count, 4)) * 1.5
    scores = softmax(logits)
    truth = (scores.cumsum(axis=1) < rng.uniform(size=(count, 1))).sum(axis=1)
    return logits, truth.astype(np.int64)


@pytest.mark.parametrize("boast", [0.25, 1.0, 4.0])
def test_logits_that_boast_are_cooled_by_as_much(boast: float) -> None:
    logits, truth = honest(6000)
    assert fit_temperature(logits * boast, truth) == pytest.approx(boast, rel=0.06)


def test_calibration_lowers_the_calibration_error() -> None:
    logits, truth = honest(3000)
    labels = list("abcd")
    before = evaluate(softmax(logits * 3), truth, labels).expected_calibration_error
    after = evaluate(softmax(logits * 3 / fit_temperature(logits * 3, truth)), truth, labels)
    assert after.expected_calibration_error < before / 4


def test_the_lowest_point_is_found() -> None:
    logits, truth = honest(400, seed=2)
    doubt = 1 / 402
    target = (1 - doubt) * np.eye(4)[truth] + doubt / 4

    def loss(temperature: float) -> float:
        return float(-(target * np.log(softmax(logits / temperature))).sum(axis=1).mean())

    found = minimize_scalar(loss, bounds=(0.02, 50), method="bounded", options={"xatol": 1e-9}).x
    assert fit_temperature(logits, truth) == pytest.approx(found, rel=1e-4)


def test_a_few_right_answers_do_not_claim_certainty() -> None:
    logits = np.tile([5.0, 0.0], (10, 1))
    temperature = fit_temperature(logits, np.zeros(10, np.int64))
    assert softmax(logits / temperature)[0, 0] < 0.97


def test_without_pictures_the_temperature_is_one() -> None:
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, np.int64)) == 1.0


def test_huge_logits_do_not_overflow() -> None:
    assert softmax(np.array([[1e6, 0.0], [-1e6, 0.0]])).tolist() == [[1.0, 0.0], [0.0, 1.0]]
