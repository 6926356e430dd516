"""Deployments that asked for REST statuses or for the gateway's envelope."""

from __future__ import annotations

import pytest

from fenlei.contract import Code
from tests.support.contract_suite.answer import DOCUMENTED
from tests.support.contract_suite.asking import JSON, SMALL, Asking, Predict, body_of, expect_failure, expect_success

REST = {
    Code.MISSING_PARAMETER: 400,
    Code.BAD_PARAMETER: 400,
    Code.BAD_TYPE: 415,
    Code.TOO_LARGE: 413,
    Code.BAD_PIXELS: 422,
    Code.BAD_RATIO: 422,
}


class RestStatusSuite(Asking):
    """`predict` asks a deployment whose owner asked for REST statuses, without an envelope."""

    def test_success_is_http_200(self, predict: Predict) -> None:
        expect_success(predict(JSON, body_of(SMALL)))

    @pytest.mark.parametrize("code", DOCUMENTED, ids=lambda code: str(code.number))
    def test_every_refusal_has_the_status_that_says_the_same(self, predict: Predict, code: Code) -> None:
        expect_failure(predict(JSON, DOCUMENTED[code]), code, status=REST[code])


class EnvelopeSuite(Asking):
    """`predict` asks a deployment whose owner asked for the gateway's envelope, with documented statuses."""

    def test_a_prediction_lies_inside_data(self, predict: Predict) -> None:
        status, headers, said = predict(JSON, body_of(SMALL))
        assert (status, said["code"], said["message"]) == (200, 1000, "request success")
        assert set(said) == {"code", "message", "data"}
        expect_success((status, headers, said["data"]))

    @pytest.mark.parametrize("code", DOCUMENTED, ids=lambda code: str(code.number))
    def test_a_refusal_of_the_model_service_lies_inside_data_too(self, predict: Predict, code: Code) -> None:
        status, headers, said = predict(JSON, DOCUMENTED[code])
        assert (said["code"], said["message"]) == (1000, "request success")
        assert set(said) == {"code", "message", "data"}
        expect_failure((status, headers, said["data"]), code)
