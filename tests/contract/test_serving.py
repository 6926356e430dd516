"""The prediction contract, on the handler alone, on the application, and on a real server over its socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenlei.app import House, ServedModel, build
from fenlei.contract import Envelope, StatusStyle, WireOptions
from fenlei.serving.handler import Handler
from fenlei.serving.host import ModelHost
from fenlei.settings import Settings
from tests.support import asgi
from tests.support.contract_suite import (
    Answer,
    Call,
    ContractSuite,
    EnvelopeSuite,
    GatewaySuite,
    Predict,
    RestStatusSuite,
)
from tests.support.models import CORNERS, write_corners
from tests.support.server import Server

KEY = "Key-of_the-Suite"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corners(tmp_path_factory.mktemp("model") / "corners.fenlei")


# -- the handler: a function and nothing around it


@pytest.fixture(scope="module")
def handler(model: Path) -> Iterator[Handler]:
    host = ModelHost(cache=model.parent, kind="onnxruntime", streams=2)
    yield Handler(host.load(model).predictor)
    host.close()


def through(handler: Handler, options: WireOptions) -> Predict:
    def predict(headers: dict[str, str], body: bytes) -> Answer:
        status, given, said = handler.handle(headers, body, options)
        return status, {name.lower(): value for name, value in given.items()}, json.loads(said)

    return predict


class OfCorners:
    @pytest.fixture
    def labels(self) -> list[str] | None:
        return list(CORNERS)


class TestHandler(OfCorners, ContractSuite):
    @pytest.fixture
    def predict(self, handler: Handler) -> Predict:
        return through(handler, WireOptions())


class TestHandlerWithRestStatuses(RestStatusSuite):
    @pytest.fixture
    def predict(self, handler: Handler) -> Predict:
        return through(handler, WireOptions(status=StatusStyle.REST))


class TestHandlerWithEnvelope(EnvelopeSuite):
    @pytest.fixture
    def predict(self, handler: Handler) -> Predict:
        return through(handler, WireOptions(envelope=Envelope.GATEWAY))


# -- the application, spoken to in ASGI messages


@pytest.fixture(scope="module")
def house(model: Path) -> Iterator[House]:
    settings = Settings(workspace=model.parent, engine="onnxruntime", threads=2)
    house = build([ServedModel(model, "corners")], settings, key=KEY)
    yield house
    house.close()


class TestApplication(OfCorners, GatewaySuite):
    @pytest.fixture
    def call(self, house: House) -> Call:
        def call(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
            answer = asgi.call(house.app, method, path, {"Content-Length": str(len(body)), **headers}, body)
            return answer.status, answer.headers, answer.json()

        return call

    @pytest.fixture
    def name(self) -> str:
        return "corners"

    @pytest.fixture
    def key(self) -> str:
        return KEY


class TestApplicationInPieces(OfCorners, ContractSuite):
    """The same with bodies that come in small pieces and announce no length."""

    @pytest.fixture
    def predict(self, house: House) -> Predict:
        def predict(headers: dict[str, str], body: bytes) -> Answer:
            size = max(1, len(body) // 7)
            pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
            url = f"/api/image/corners?neu_app_key={KEY}"
            answer = asgi.call(house.app, "POST", url, {"Transfer-Encoding": "chunked", **headers}, pieces)
            return answer.status, answer.headers, answer.json()

        return predict


# -- a real server over a socket


@pytest.fixture(scope="module")
def server(model: Path) -> Iterator[Server]:
    with Server([(model, "corners")], model.parent, key=KEY) as running:
        yield running
        assert running.stop()[0] == 0


class TestServer(OfCorners, GatewaySuite):
    @pytest.fixture
    def call(self, server: Server) -> Call:
        return server.call

    @pytest.fixture
    def name(self) -> str:
        return "corners"

    @pytest.fixture
    def key(self) -> str:
        return KEY


@pytest.fixture(scope="module")
def rest(model: Path) -> Iterator[Server]:
    with Server([(model, "corners")], model.parent, open_=True, status="rest") as running:
        yield running


class TestServerWithRestStatuses(RestStatusSuite):
    @pytest.fixture
    def predict(self, rest: Server) -> Predict:
        return lambda headers, body: rest.call("POST", "/api/image/corners", headers, body)


@pytest.fixture(scope="module")
def wrapped(model: Path) -> Iterator[Server]:
    with Server([(model, "corners")], model.parent, open_=True, envelope="gateway") as running:
        yield running


class TestServerWithEnvelope(EnvelopeSuite):
    @pytest.fixture
    def predict(self, wrapped: Server) -> Predict:
        return lambda headers, body: wrapped.call("POST", "/api/image/corners", headers, body)
