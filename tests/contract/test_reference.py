"""The contract suites can be met: the contract and imaging rooms alone are enough for it."""

from __future__ import annotations

import json

import pytest

from fenlei.contract import Envelope, StatusStyle, WireOptions
from tests.support.contract_suite import Answer, Call, EnvelopeSuite, GatewaySuite, Predict, RestStatusSuite
from tests.support.reference import LABELS, Place, ReferenceServer

KEY = "an-example-key"
SERVER = ReferenceServer(
    {
        "keyed": Place(KEY),
        "open": Place(None),
        "rest": Place(None, WireOptions(status=StatusStyle.REST)),
        "wrapped": Place(None, WireOptions(envelope=Envelope.GATEWAY)),
    }
)


def call_reference(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    """Ask the reference server, without a socket."""
    status, given, said = SERVER.answer(method, path, {name.lower(): value for name, value in headers.items()}, body)
    return status, {name.lower(): value for name, value in given.items()}, json.loads(said)


def _asking(name: str) -> Predict:
    return lambda headers, body: call_reference("POST", f"/api/image/{name}", headers, body)


class TestReferenceServer(GatewaySuite):
    @pytest.fixture
    def call(self) -> Call:
        return call_reference

    @pytest.fixture
    def name(self) -> str:
        return "keyed"

    @pytest.fixture
    def key(self) -> str:
        return KEY

    @pytest.fixture
    def open_name(self) -> str:
        return "open"

    @pytest.fixture
    def labels(self) -> list[str] | None:
        return LABELS


class TestReferenceServerWithRestStatuses(RestStatusSuite):
    @pytest.fixture
    def predict(self) -> Predict:
        return _asking("rest")


class TestReferenceServerWithEnvelope(EnvelopeSuite):
    @pytest.fixture
    def predict(self) -> Predict:
        return _asking("wrapped")
