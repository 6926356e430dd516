"""The conversation without any I/O: time is a number here, and answers are bytes."""

from __future__ import annotations

import math
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from fenlei.client import (
    BadTarget,
    ConnectionFailed,
    NotAPredictionServer,
    Overloaded,
    Prediction,
    TimedOut,
)
from fenlei.client.exchange import Exchange
from fenlei.client.target import Target

BUSY = b'{"code":2003,"message":"busy","detail":"Later.","requestId":"r"}'
GOOD = b'{"code":10000,"predictResult":{"prediction":"a","thresholdList":[{"name":"a","threshold":1}]}}'


class Clock:
    """Seconds that pass when they are told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def conversation(clock: Clock, timeout: float = 10.0, retries: int = 2) -> Exchange:
    return Exchange(Target.at("http://h/api/image/a", None, timeout, retries, None), b"picture", clock)


def said(exchange: Exchange, body: bytes, **headers: str) -> Prediction | float:
    exchange.request()
    exchange.take(body)
    return exchange.conclude(200, httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}))


def test_pauses_double_until_no_attempt_is_left() -> None:
    exchange = conversation(Clock())
    assert said(exchange, BUSY) == pytest.approx(0.1)
    assert said(exchange, BUSY) == pytest.approx(0.2)
    with pytest.raises(Overloaded, match="Later"):
        said(exchange, BUSY)


def test_the_server_decides_how_long_to_wait() -> None:
    exchange = conversation(Clock())
    assert said(exchange, BUSY, retry_after="1.5") == 1.5
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=5), usegmt=True)
    pause = said(exchange, BUSY, retry_after=at)
    assert isinstance(pause, float)
    assert 3 < pause < 6


@pytest.mark.parametrize(("header", "seconds"), [("soon", None), ("-5", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)])
def test_an_odd_retry_after_is_none_or_now(header: str, seconds: float | None) -> None:
    with pytest.raises(Overloaded) as caught:
        said(conversation(Clock(), retries=0), BUSY, retry_after=header)
    assert caught.value.retry_after == seconds


def test_an_answer_that_was_cut_off_does_not_spoil_the_next() -> None:
    exchange = conversation(Clock())
    exchange.request()
    exchange.take(GOOD[:20])
    exchange.broken(httpx.ReadError("reset"))
    told = said(exchange, GOOD)
    assert isinstance(told, Prediction)
    assert told.label == "a"


def test_time_spent_is_time_gone() -> None:
    clock = Clock()
    exchange = conversation(clock)
    clock.now += 4
    assert exchange.time_left == pytest.approx(6)
    assert exchange.timeouts()["read"] == pytest.approx(6)
    told = said(exchange, GOOD)
    assert isinstance(told, Prediction)
    assert told.elapsed == pytest.approx(4)
    clock.now += 6
    with pytest.raises(TimedOut, match="within 10 s"):
        exchange.request()
    with pytest.raises(TimedOut):
        exchange.take(b"x")


def test_a_pause_that_would_outlast_the_time_is_not_taken() -> None:
    clock = Clock()
    exchange = conversation(clock)
    clock.now += 8
    with pytest.raises(Overloaded):
        said(exchange, BUSY, retry_after="3")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), ConnectionFailed),
        (httpx.ReadError("reset"), ConnectionFailed),
        (httpx.RemoteProtocolError("hung up"), ConnectionFailed),
        (httpx.ProxyError("no way"), ConnectionFailed),
        (httpx.DecodingError("no gzip"), NotAPredictionServer),
        (httpx.ReadTimeout("slow"), TimedOut),
        (TimeoutError(), TimedOut),
    ],
)
def test_every_way_to_break_ends_in_an_error_of_its_kind(error: Exception, kind: type[Exception]) -> None:
    exchange = conversation(Clock(), retries=0)
    exchange.request()
    with pytest.raises(kind) as caught:
        exchange.broken(error)
    assert caught.value.__cause__ is error
    assert "http://h/api/image/a" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "cats", "h/api/image/a", "ftp://h/a", "http://", "http:///a", "http://[::1/a", "http://h:x/a"]
)
def test_what_is_no_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(BadTarget):
        Target.at(url, None, 30, 2, None)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": math.nan},
        {"retries": -1},
        {"key": ""},
        {"key": "a\nb"},
        {"key": "钥匙"},
    ],
)
def test_numbers_and_keys_that_cannot_be_are_refused_at_once(options: dict[str, Any]) -> None:
    given = {"key": None, "timeout": 30.0, "retries": 2, "language": None, **options}
    with pytest.raises(BadTarget):
        Target.at("http://h/a", **given)


def test_a_url_may_come_with_the_line_break_of_its_file() -> None:
    assert Target.at("  http://h/a?neu_app_key=k\n", None, 30, 2, None).url == "http://h/a?neu_app_key=k"


def test_a_timeout_without_end_is_none_that_a_socket_cannot_take() -> None:
    target = Target.at("http://h/a", None, math.inf, 2, None)
    assert all(0 < seconds < 1e6 for seconds in Exchange(target, b"x").timeouts().values())


def test_a_server_that_speaks_no_tls_is_told_apart_from_one_that_is_off() -> None:
    exchange = conversation(Clock(), retries=0)
    exchange.request()
    error = httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER]")
    error.__cause__ = ssl.SSLError("[SSL: WRONG_VERSION_NUMBER]")
    with pytest.raises(ConnectionFailed, match="speak https"):
        exchange.broken(error)


def test_what_is_shown_of_a_url_holds_no_secret() -> None:
    target = Target.at("https://user:pass@h:8443/api/image/a?neu_app_key=secret#x", None, 30, 2, None)
    assert target.shown == "https://h:8443/api/image/a"


@pytest.mark.parametrize(
    ("url", "local"),
    [("http://127.0.0.1:8000/a", True), ("http://localhost/a", True), ("http://[::1]/a", True), ("http://h/a", False)],
)
def test_a_server_on_this_machine_is_known_as_such(url: str, local: bool) -> None:
    assert Target.at(url, None, 30, 2, None).is_local is local
