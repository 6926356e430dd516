"""Making an answer: the choice is made before rounding, and no answer that cannot be is ever made."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenlei.contract import Code, Detail, Refused, failure, render, success


def test_the_choice_is_made_by_scores_that_are_not_rounded() -> None:
    result = success(["a", "b"], [0.50001, 0.50004]).predictResult
    assert result.prediction == "b"
    assert [entry.threshold for entry in result.thresholdList] == [0.5, 0.5]


def test_of_two_equal_scores_the_first_class_is_chosen() -> None:
    assert success(["b", "a"], [0.5, 0.5]).predictResult.prediction == "b"


def test_whole_numbers_are_printed_without_a_point() -> None:
    _, body = render(success(["a", "b", "c"], [0.00004, 0.99996, -0.0]))
    assert body.count(b'"threshold":0}') == 2
    assert b'"threshold":1}' in body


def test_a_row_of_numpy_is_welcome() -> None:
    result = success(["a", "b"], np.array([0.1, 0.9], np.float32)).predictResult  # type: ignore[arg-type]
    assert [entry.threshold for entry in result.thresholdList] == [0.1, 0.9]


@given(st.lists(st.floats(-0.001, 1.001), min_size=1, max_size=20))
def test_any_scores_come_out_within_bounds_and_digits_and_in_order(scores: list[float]) -> None:
    labels = [f"class {number}" for number in range(len(scores))]
    said = json.loads(render(success(labels, scores))[1])["predictResult"]
    assert [entry["name"] for entry in said["thresholdList"]] == labels
    for entry, score in zip(said["thresholdList"], scores, strict=True):
        assert 0 <= entry["threshold"] <= 1
        assert entry["threshold"] == pytest.approx(min(max(score, 0), 1), abs=0.5001e-4)
    assert said["prediction"] == labels[scores.index(max(scores))]


@pytest.mark.parametrize("scores", [[], [float("nan"), 0.5], [float("inf"), 0.5]])
def test_scores_that_are_no_numbers_are_the_servers_failure(scores: list[float]) -> None:
    with pytest.raises(Refused) as caught:
        success(["a", "b"][: len(scores)], scores)
    assert caught.value.code is Code.INTERNAL


def test_a_score_for_every_class_is_needed() -> None:
    with pytest.raises(ValueError, match="shorter"):
        success(["a", "b"], [1.0])


def test_a_failure_speaks_the_language_it_is_asked_for() -> None:
    detail = Detail("中文。", "English.")
    assert failure(Code.BAD_KEY, detail, "r", "zh").detail == "中文。"
    assert failure(Code.BAD_KEY, detail, "r", "en").detail == "English."
    assert failure(Code.BAD_KEY, detail, "r", "en").message == "用户APPK错误"
