"""What the source document fixes, pinned here, so that it holds without the document as well."""

from __future__ import annotations

import json
from typing import get_type_hints

import msgspec
import pytest

from fenlei.contract import (
    MAX_BODY_BYTES,
    MAX_FILE_BYTES,
    MAX_RATIO,
    MAX_SIDE,
    MIN_SIDE,
    ClassScore,
    Code,
    Detail,
    Failure,
    PredictResult,
    Success,
    encode_request,
    failure,
    parse_body,
    read,
    render,
    success,
)
from fenlei.contract.request import CONTENT_TYPE, FIELD
from tests.support.drawing import jpeg, orientation

MESSAGES = {
    10310: "缺少必要参数",
    10311: "参数有误",
    10440: "图片类型错误",
    10441: "图片大小超过限制",
    10442: "图片像素超过限制",
    10443: "图片比例超过限制",
    -2: "服务器内部错误",
    2000: "用户APPK错误",
    1100: "API返回消息不是200",
    2100: "网关内部异常",
}
OURS = {2001: 429, 2002: 429, 2003: 503}


def test_the_documented_codes_carry_the_documented_messages() -> None:
    said = {code.number: code.message for code in Code if code.documented and code is not Code.SUCCESS}
    assert said == MESSAGES


def test_every_documented_code_travels_as_http_200() -> None:
    assert {code.http_status for code in Code if code.documented} == {200}


def test_our_own_codes_are_three_with_statuses_of_their_own() -> None:
    assert {code.number: code.http_status for code in Code if not code.documented} == OURS
    assert all(code.message for code in Code if not code.documented)


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (10000, 200),
        (10310, 400),
        (10311, 400),
        (10440, 415),
        (10441, 413),
        (10442, 422),
        (10443, 422),
        (-2, 500),
        (2000, 401),
        (1100, 502),
        (2100, 500),
        (2001, 429),
        (2002, 429),
        (2003, 503),
    ],
)
def test_rest_statuses_say_the_same_as_the_code(number: int, status: int) -> None:
    assert Code(number).rest_status == status


def test_the_limits_are_the_documents() -> None:
    assert (MIN_SIDE, MAX_SIDE, MAX_RATIO, MAX_FILE_BYTES) == (30, 4096, 3, 4_194_304)


def test_the_body_may_carry_the_largest_picture_in_the_longest_common_spelling() -> None:
    text = "A" * -(-MAX_FILE_BYTES * 4 // 3)
    lines = "\r\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    assert len(json.dumps({"base64": lines})) <= MAX_BODY_BYTES


def test_the_request_has_one_field_of_text_in_json() -> None:
    assert FIELD == "base64"
    assert CONTENT_TYPE == "application/json;charset=UTF-8"
    assert encode_request(b"\xff\xd8\xff\xe0") == b'{"base64":"/9j/4A=="}'


def test_the_request_that_the_document_shows_is_read() -> None:
    start = "/9j/4AAQSkZJRgABAQAASABIAAD/4QBYRXhpZgAA"
    assert parse_body(f'{{\n\t"base64" : "{start}"\n}}'.encode()) == start


def test_a_picture_with_exif_begins_as_the_documents_sample_does() -> None:
    sample = jpeg(64, 48, exif=orientation(1), dpi=(72, 72))
    assert parse_body(encode_request(sample)).startswith("/9j/4AAQSkZJRgABAQ")


def test_the_answer_has_the_documents_fields_and_types() -> None:
    assert get_type_hints(Success) == {"code": int, "predictResult": PredictResult}
    assert {field.name for field in msgspec.structs.fields(PredictResult)} == {"prediction", "thresholdList"}
    assert get_type_hints(PredictResult)["prediction"] is str
    assert get_type_hints(ClassScore) == {"name": str, "threshold": float}
    assert {field.name for field in msgspec.structs.fields(Failure)} == {"code", "message", "detail", "requestId"}


def test_success_is_written_exactly_so() -> None:
    answer = success(["heart_gesture", "other", "rap_gesture"], [0.01249, 0.98153, 0.00421])
    assert render(answer) == (
        200,
        b'{"code":10000,"predictResult":{"prediction":"other","thresholdList":['
        b'{"name":"heart_gesture","threshold":0.0125},'
        b'{"name":"other","threshold":0.9815},'
        b'{"name":"rap_gesture","threshold":0.0042}]}}',
    )


def test_failure_is_written_exactly_so() -> None:
    answer = failure(Code.BAD_RATIO, Detail("太长。", "Too long."), "r-1", "zh")
    status, body = render(answer)
    assert status == 200
    assert body.decode() == '{"code":10443,"message":"图片比例超过限制","detail":"太长。","requestId":"r-1"}'


def test_the_answer_that_the_document_shows_is_read_though_it_is_no_argmax() -> None:
    # The document's sample names a class of 0.0042 beside one of 0.9815; we read it, and would never write it.
    shown = (
        b'{"code":10000,"predictResult":{"prediction":"rap_gesture","thresholdList":['
        b'{"name":"other","threshold":0.9815},{"name":"rap_gesture","threshold":0.0042}]}}'
    )
    answer = read(shown)
    assert isinstance(answer, Success)
    assert answer.predictResult.prediction == "rap_gesture"
    assert success(["other", "rap_gesture"], [0.9815, 0.0042]).predictResult.prediction == "other"
