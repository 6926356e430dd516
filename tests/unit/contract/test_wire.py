"""Writing and reading answers in every style: what one side writes, the other reads."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenlei.contract import (
    Code,
    Detail,
    Envelope,
    Failure,
    NotAnAnswer,
    StatusStyle,
    Success,
    WireOptions,
    failure,
    read,
    render,
    success,
)

STYLES = [WireOptions(envelope, status) for envelope in Envelope for status in StatusStyle]
FAILURES = [failure(code, Detail("错。", "Wrong."), "r-1", "zh") for code in Code if code is not Code.SUCCESS]
GATEWAY_CODES = {1100, 2000, 2001, 2002, 2003, 2100}


@pytest.mark.parametrize("options", STYLES, ids=lambda o: f"{o.envelope}-{o.status}")
def test_what_is_written_is_read_again(options: WireOptions) -> None:
    answers: list[Success | Failure] = [success(["猫", "狗"], [0.25, 0.75]), *FAILURES]
    for answer in answers:
        assert read(render(answer, options)[1]) == answer


@pytest.mark.parametrize("answer", FAILURES, ids=lambda answer: str(answer.code))
def test_the_envelope_holds_what_the_model_service_says_and_nothing_of_the_gateway(answer: Failure) -> None:
    plain = json.loads(render(answer)[1])
    wrapped = json.loads(render(answer, WireOptions(envelope=Envelope.GATEWAY))[1])
    if answer.code in GATEWAY_CODES:
        assert wrapped == plain
    else:
        assert wrapped == {"code": 1000, "message": "request success", "data": plain}


def test_the_envelope_does_not_change_the_status() -> None:
    for answer in FAILURES:
        for status in StatusStyle:
            plain, _ = render(answer, WireOptions(status=status))
            assert render(answer, WireOptions(Envelope.GATEWAY, status))[0] == plain


def test_success_in_the_envelope_is_the_original_gateways_object() -> None:
    _, body = render(success(["a"], [1.0]), WireOptions(envelope=Envelope.GATEWAY))
    assert body == (
        b'{"code":1000,"message":"request success","data":{"code":10000,"predictResult":'
        b'{"prediction":"a","thresholdList":[{"name":"a","threshold":1}]}}}'
    )


def test_an_answer_of_the_original_platform_is_read() -> None:
    assert read(b'{"code":10440,"message":"x"}') == Failure(10440, "x")
    assert read(b'{"code":2000}') == Failure(2000, "")
    assert read(b'{"code":1000,"message":"ok","extra":1,"data":{"code":10441,"message":"x"}}') == Failure(10441, "x")
    assert read(b'{"code":4711,"message":"new"}') == Failure(4711, "new")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"code":"10000"}',
        b'{"code":10000}',
        b'{"code":1000,"message":"request success"}',
        b'{"code":1000,"data":[]}',
        b'{"code":10000,"predictResult":{"prediction":"a","thresholdList":[{"name":"a"}]}}',
        b'{"code":1,"data":' + b"[" * 100_000,
    ],
)
def test_anything_else_is_no_answer(body: bytes) -> None:
    with pytest.raises(NotAnAnswer, match="code is expected"):
        read(body)


@given(st.binary(max_size=100))
def test_any_bytes_are_an_answer_or_none(body: bytes) -> None:
    with contextlib.suppress(NotAnAnswer):
        assert isinstance(read(body), (Success, Failure))
