"""The answer: its keys, its numbers, its language, its headers, its HTTP status."""

from __future__ import annotations

import re

import pytest

from fenlei.contract import Code
from tests.support import drawing
from tests.support.contract_suite.asking import (
    JSON,
    SMALL,
    Asking,
    Predict,
    body_of,
    body_with,
    expect_failure,
    expect_success,
)

HAN = re.compile(r"[\u4e00-\u9fff]")

DOCUMENTED: dict[Code, bytes] = {
    Code.MISSING_PARAMETER: b"{}",
    Code.BAD_PARAMETER: b"not JSON",
    Code.BAD_TYPE: body_with("AAAA"),
    Code.TOO_LARGE: body_of(bytes(4_194_305)),
    Code.BAD_PIXELS: body_of(drawing.png(29, 29)),
    Code.BAD_RATIO: body_of(drawing.png(91, 30)),
}
"""One request for every code that a request can bring about."""


class AnswerCases(Asking):
    """The section about the answer."""

    @pytest.fixture
    def labels(self) -> list[str] | None:
        """The classes of the model behind the stack, in class order; None where the stack does not tell."""
        return None

    def test_success_is_exactly_the_documented_object(self, predict: Predict) -> None:
        _, _, said = predict(JSON, body_of(SMALL))
        assert set(said) == {"code", "predictResult"}
        assert type(said["code"]) is int
        assert set(said["predictResult"]) == {"prediction", "thresholdList"}
        assert isinstance(said["predictResult"]["prediction"], str)
        for entry in said["predictResult"]["thresholdList"]:
            assert set(entry) == {"name", "threshold"}
            assert isinstance(entry["name"], str)
            assert type(entry["threshold"]) in {int, float}

    def test_scores_are_between_0_and_1_with_at_most_4_decimals(self, predict: Predict) -> None:
        for score in expect_success(predict(JSON, body_of(SMALL))).values():
            assert 0 <= score <= 1
            assert score == round(score, 4)

    def test_every_class_stands_once_and_always_in_the_same_order(
        self, predict: Predict, labels: list[str] | None
    ) -> None:
        seen = []
        for seed in range(3):
            _, _, said = predict(JSON, body_of(drawing.png(40, 40, seed=seed)))
            seen.append([entry["name"] for entry in said["predictResult"]["thresholdList"]])
        assert len(set(seen[0])) == len(seen[0]) >= 2
        assert seen[1:] == seen[:-1]
        assert labels is None or seen[0] == labels

    def test_the_prediction_is_the_class_of_the_largest_score(self, predict: Predict) -> None:
        for seed in range(5):
            answer = predict(JSON, body_of(drawing.png(40, 40, seed=seed)))
            scores = expect_success(answer)
            # Two classes may be equal once they are rounded; the chosen one is then among them.
            assert scores[answer[2]["predictResult"]["prediction"]] == max(scores.values())

    def test_the_same_picture_gets_the_same_answer(self, predict: Predict) -> None:
        assert predict(JSON, body_of(SMALL))[2] == predict(JSON, body_of(SMALL))[2]

    @pytest.mark.parametrize("code", DOCUMENTED, ids=lambda code: str(code.number))
    def test_a_documented_code_travels_as_http_200_with_its_message_to_the_letter(
        self, predict: Predict, code: Code
    ) -> None:
        expect_failure(predict(JSON, DOCUMENTED[code]), code, status=200)

    @pytest.mark.parametrize("code", DOCUMENTED, ids=lambda code: str(code.number))
    def test_the_detail_is_chinese_unless_english_is_asked_for(self, predict: Predict, code: Code) -> None:
        for chinese in ({}, {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}, {"Accept-Language": "fr"}):
            assert HAN.search(expect_failure(predict(JSON | chinese, DOCUMENTED[code]), code))
        for english in ("en", "en-US,en;q=0.9", "fr, en;q=0.5", "zh;q=0.1, en;q=0.2"):
            assert not HAN.search(expect_failure(predict(JSON | {"Accept-Language": english}, DOCUMENTED[code]), code))

    def test_the_message_is_the_documents_whatever_the_language(self, predict: Predict) -> None:
        _, _, said = predict(JSON | {"Accept-Language": "en"}, b"{}")
        assert said["message"] == "缺少必要参数"

    def test_every_answer_is_json_in_utf8_and_says_so(self, predict: Predict) -> None:
        for body in (body_of(SMALL), *DOCUMENTED.values()):
            assert predict(JSON, body)[1]["content-type"] == "application/json;charset=UTF-8"
        assert predict({}, b"")[1]["content-type"] == "application/json;charset=UTF-8"

    def test_every_answer_has_a_request_id_of_its_own(self, predict: Predict) -> None:
        bodies = [body_of(SMALL), body_of(SMALL), *DOCUMENTED.values()]
        numbers = [predict(JSON, body)[1]["x-request-id"] for body in bodies]
        assert all(numbers)
        assert len(set(numbers)) == len(numbers)

    def test_a_refusal_leaves_no_trace_on_the_next_answer(self, predict: Predict) -> None:
        before = predict(JSON, body_of(SMALL))[2]
        for code, body in DOCUMENTED.items():
            expect_failure(predict(JSON, body), code)
        assert predict(JSON, body_of(SMALL))[2] == before
