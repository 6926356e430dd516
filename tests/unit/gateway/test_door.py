"""The door: method, key, deployment, in this order, and nothing for strangers to learn."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fenlei.contract import Envelope, StatusStyle, WireOptions, success
from fenlei.gateway.door import Deployment, Door
from fenlei.gateway.keys import KeyRing
from fenlei.serving.errors import CallerGone
from fenlei.serving.exchange import Exchange
from fenlei.serving.reply import Reply, reply_with
from tests.support.asgi import Caller


class Greeter:
    """An upstream that says yes to everybody, or fails as it is told."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.calls = 0

    async def predict(self, exchange: Exchange, options: WireOptions) -> Reply:
        self.calls += 1
        if self.fault is not None:
            raise self.fault
        return reply_with(success(["a", "b"], [0.25, 0.75]), options, "cats")


def ask(door: Door, name: str, method: str = "POST", query: str = "", **headers: str) -> tuple[Reply, Any]:
    caller = Caller(method, f"/api/image/{name}?{query}", {k.replace("_", "-"): v for k, v in headers.items()})
    exchange = Exchange(caller.scope, caller.receive, caller.send)
    reply = asyncio.run(door.predict(exchange, name))
    return reply, json.loads(reply.body)


@pytest.fixture
def greeter() -> Greeter:
    return Greeter()


@pytest.fixture
def door(greeter: Greeter) -> Door:
    return Door([Deployment("cats", greeter), Deployment("free", greeter, open=True)], KeyRing(["k"]))


def test_the_key_is_taken_from_the_query_or_either_header(door: Door) -> None:
    assert ask(door, "cats", query="neu_app_key=k")[1]["code"] == 10000
    assert ask(door, "cats", X_App_Key="k")[1]["code"] == 10000
    assert ask(door, "cats", Authorization="Bearer k")[1]["code"] == 10000


def test_the_query_decides_before_the_headers(door: Door) -> None:
    assert ask(door, "cats", query="neu_app_key=wrong", X_App_Key="k")[1]["code"] == 2000
    assert ask(door, "cats", X_App_Key="wrong", Authorization="Bearer k")[1]["code"] == 2000


def test_without_a_valid_key_a_deployment_that_exists_and_one_that_does_not_look_alike(
    door: Door, greeter: Greeter
) -> None:
    for query in ("", "neu_app_key=wrong"):
        there = ask(door, "cats", query=query, X_Request_Id="r")
        absent = ask(door, "dogs", query=query, X_Request_Id="r")
        assert there == absent
        assert there[1]["code"] == 2000
    assert greeter.calls == 0


def test_with_a_valid_key_an_unknown_deployment_is_1100(door: Door) -> None:
    assert ask(door, "dogs", query="neu_app_key=k")[1]["code"] == 1100


def test_an_open_deployment_needs_no_key(door: Door) -> None:
    assert ask(door, "free")[1]["code"] == 10000
    assert ask(door, "free", query="neu_app_key=wrong")[1]["code"] == 10000


def test_where_everything_is_open_a_wrong_name_is_told_as_such(greeter: Greeter) -> None:
    door = Door([Deployment("cats", greeter, open=True)], KeyRing())
    assert ask(door, "dogs")[1]["code"] == 1100


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_405_before_the_key_is_looked_at(door: Door, method: str) -> None:
    reply, answer = ask(door, "cats", method)
    assert (reply.status, answer["code"]) == (405, 10311)
    assert (b"allow", b"POST") in reply.headers


def test_the_gateways_own_failure_is_2100_and_is_logged_under_the_request_id(caplog: pytest.LogCaptureFixture) -> None:
    door = Door([Deployment("cats", Greeter(ZeroDivisionError("inside")), open=True)], KeyRing())
    reply, answer = ask(door, "cats", X_Request_Id="r-17")
    assert (reply.status, answer["code"], answer["requestId"]) == (200, 2100, "r-17")
    assert "inside" not in reply.body.decode()
    assert [record.__dict__["request_id"] for record in caplog.records] == ["r-17"]


def test_a_caller_who_left_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    door = Door([Deployment("cats", Greeter(CallerGone()), open=True)], KeyRing())
    with pytest.raises(CallerGone):
        ask(door, "cats")
    assert caplog.records == []


def test_refusals_are_written_as_the_deployments_want_answers_written(greeter: Greeter) -> None:
    options = WireOptions(Envelope.GATEWAY, StatusStyle.REST)
    door = Door([Deployment("cats", greeter, options=options)], KeyRing(["k"]), options)
    assert (ask(door, "cats")[0].status, ask(door, "cats")[1]["code"]) == (401, 2000)
    assert (ask(door, "dogs", X_App_Key="k")[0].status, ask(door, "dogs", X_App_Key="k")[1]["code"]) == (502, 1100)
    assert ask(door, "cats", X_App_Key="k")[1]["data"]["code"] == 10000
