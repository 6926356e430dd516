"""How the cases ask, and what they expect of any answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from fenlei.contract import Code
from tests.support import drawing

Answer = tuple[int, dict[str, str], Any]
"""HTTP status, headers with names in lower case, JSON."""

Predict = Callable[[dict[str, str], bytes], Answer]
Call = Callable[[str, str, dict[str, str], bytes], Answer]
"""Method, path with query, headers, body."""

JSON = {"Content-Type": "application/json;charset=UTF-8"}

SMALL = drawing.jpeg(64, 48)
"""An ordinary picture, for cases about something else."""


def text_of(picture: bytes) -> str:
    """The base64 text of a picture, as most encoders write it."""
    return base64.b64encode(picture).decode("ascii")


def body_with(value: object) -> bytes:
    """A JSON body whose field is `value`."""
    return json.dumps({"base64": value}).encode()


def body_of(picture: bytes) -> bytes:
    """The body that asks about a picture."""
    return body_with(text_of(picture))


def expect_success(answer: Answer) -> dict[str, float]:
    """Assert that this is a prediction, and return the score of each class."""
    status, _, said = answer
    assert status == 200
    assert said.get("code") == 10000, said
    return {entry["name"]: entry["threshold"] for entry in said["predictResult"]["thresholdList"]}


def expect_failure(answer: Answer, code: Code, status: int = 200) -> str:
    """Assert that this is the code's failure, to the letter of its message, and return the detail."""
    got, headers, said = answer
    assert (said.get("code"), said.get("message")) == (code.number, code.message), said
    assert got == status
    assert set(said) == {"code", "message", "detail", "requestId"}
    assert said["requestId"] == headers["x-request-id"]
    detail = said["detail"]
    assert isinstance(detail, str)
    assert detail.strip()
    return detail


class Asking:
    """The one fixture that the cases stand on."""

    @pytest.fixture
    def predict(self) -> Predict:
        """Ask the stack under examination."""
        raise NotImplementedError("a subclass of this suite gives the fixture `predict`")
