"""The request: its content type, its body, and the field in it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from fenlei.contract import MAX_BODY_BYTES, MAX_FILE_BYTES, Code
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
    text_of,
)

# Its base64 holds both characters in which the two alphabets differ, and it needs padding.
TELLING = next(
    picture
    for picture in (drawing.png(40 + extra, 40, seed=extra) + bytes(extra % 3) for extra in range(60))
    if {"+", "/", "="} <= set(text_of(picture))
)

ACCEPTED_TYPES = [
    "application/json;charset=UTF-8",
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON ; Charset=Utf-8",
    'application/json; charset="utf-8"',
    "application/json;charset=utf8",
    "application/json;",
    "application/json; profile=x; charset=UTF-8",
]
REFUSED_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "image/jpeg",
    "application/jsonp",
    "application/problem+json",
    "json",
    "application/json;charset=GBK",
    "application/json; charset=ISO-8859-1",
    "application/json; charset=UTF-16",
]
NOT_OBJECTS = {
    "text": b"hello",
    "a picture": drawing.png(40, 40),
    "a form": b"base64=AAAA",
    "base64 alone": text_of(SMALL).encode(),
    "an unfinished object": b'{"base64":"' + text_of(SMALL).encode(),
    "a trailing comma": b'{"base64":"AAAA",}',
    "something after it": body_of(SMALL) + b"{}",
    "single quotes": b"{'base64':'AAAA'}",
    "not a number": b'{"x":NaN,"base64":"AAAA"}',
    "a raw line break": b'{"base64":"AAAA\nAAAA"}',
    "white space": b"  \n ",
    "an array": b'["base64"]',
    "a string": b'"base64"',
    "a number": b"10000",
    "null": b"null",
    "deep nesting": b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "deep and unfinished nesting": b'{"base64":' * 50_000,
    "UTF-16": json.dumps({"base64": text_of(SMALL)}).encode("utf-16"),
    "GBK in another field": '{"名":"x","base64":"AAAA"}'.encode("gbk"),
    "bytes that are no UTF-8": b'{"base64":"\xff\xfe"}',
    "half a surrogate pair": b'{"base64":"\\ud800"}',
}
NOT_STRINGS: list[Any] = [1, 0, 1.5, True, False, [], [text_of(SMALL)], {}, {"base64": text_of(SMALL)}]
NOT_BASE64 = {
    "a word with a space in the wrong alphabet": "不是 base64",
    "a full stop": text_of(SMALL)[:40] + "." + text_of(SMALL)[41:],
    "a percent sign, as in a URL": text_of(SMALL)[:40] + "%2B" + text_of(SMALL)[43:],
    "a zero byte": text_of(SMALL)[:40] + "\0" + text_of(SMALL)[41:],
    "no possible length": "AAAAA",
    "a single character": "A",
    "padding in the middle": "AA==AAAA",
    "padding only": "====",
    "too much padding": "AAAA==",
    "white space only": " \n ",
    "hexadecimal with a prefix": "0x" + SMALL.hex() + "!",
    "a file path": "C:\\pictures\\cat.jpg",
    "non-breaking space": text_of(SMALL) + "\u00a0",
}


class RequestCases(Asking):
    """Rows of the table about the request, `Content-Type` to `data:`."""

    @pytest.mark.parametrize("value", ACCEPTED_TYPES)
    def test_json_in_utf8_is_accepted_however_it_is_spelt(self, predict: Predict, value: str) -> None:
        expect_success(predict({"Content-Type": value}, body_of(SMALL)))

    def test_a_header_name_counts_in_any_case(self, predict: Predict) -> None:
        expect_success(predict({"content-TYPE": "application/json"}, body_of(SMALL)))

    def test_a_content_type_is_required(self, predict: Predict) -> None:
        detail = expect_failure(predict({}, body_of(SMALL)), Code.MISSING_PARAMETER)
        assert "Content-Type" in detail

    @pytest.mark.parametrize("value", REFUSED_TYPES)
    def test_another_content_type_or_charset_is_a_bad_parameter(self, predict: Predict, value: str) -> None:
        expect_failure(predict({"Content-Type": value}, body_of(SMALL)), Code.BAD_PARAMETER)

    def test_an_empty_body_is_a_missing_parameter(self, predict: Predict) -> None:
        expect_failure(predict(JSON, b""), Code.MISSING_PARAMETER)

    @pytest.mark.parametrize("kind", NOT_OBJECTS)
    def test_a_body_that_is_no_json_object_in_utf8_is_a_bad_parameter(self, predict: Predict, kind: str) -> None:
        expect_failure(predict(JSON, NOT_OBJECTS[kind]), Code.BAD_PARAMETER)

    @pytest.mark.parametrize(
        "body", [b"{}", b'{"base64":null}', b'{"base64":""}', b'{"image":"AAAA"}', b'{"Base64":"AAAA"}']
    )
    def test_an_absent_null_or_empty_field_is_a_missing_parameter(self, predict: Predict, body: bytes) -> None:
        assert "base64" in expect_failure(predict(JSON, body), Code.MISSING_PARAMETER)

    @pytest.mark.parametrize("value", NOT_STRINGS, ids=lambda value: repr(value)[:20])
    def test_a_field_that_is_no_string_is_a_bad_parameter(self, predict: Predict, value: object) -> None:
        expect_failure(predict(JSON, body_with(value)), Code.BAD_PARAMETER)

    def test_unknown_fields_are_ignored(self, predict: Predict) -> None:
        fields = {"图片": "猫.jpg", "top_k": 5, "nested": {"base64": 1, "list": [None, 1e300, "😀"]}}
        for escaped in (True, False):
            body = json.dumps({**fields, "base64": text_of(SMALL), "z": [[]]}, ensure_ascii=escaped).encode()
            expect_success(predict(JSON, body))

    def test_of_a_repeated_field_the_last_one_counts(self, predict: Predict) -> None:
        good = json.dumps(text_of(SMALL)).encode()
        for first in (b"1", b"null", b'"AAAA"', b"{}"):
            expect_success(predict(JSON, b'{"base64":' + first + b',"base64":' + good + b"}"))
        expect_failure(predict(JSON, b'{"base64":' + good + b',"base64":1}'), Code.BAD_PARAMETER)
        expect_failure(predict(JSON, b'{"base64":' + good + b',"base64":null}'), Code.MISSING_PARAMETER)

    def test_json_may_be_written_with_escapes_white_space_and_a_byte_order_mark(self, predict: Predict) -> None:
        text = text_of(TELLING)
        plain = expect_success(predict(JSON, body_with(text)))
        escaped = text.replace("/", "\\/").replace("+", "\\u002b")
        assert expect_success(predict(JSON, f'{{"b\\u0061se64":"{escaped}"}}'.encode())) == plain
        assert expect_success(predict(JSON, b'\xef\xbb\xbf \r\n{\t"base64" :\n"' + text.encode() + b'" } \n')) == plain

    def test_white_space_inside_the_base64_text_is_accepted(self, predict: Predict) -> None:
        plain = expect_success(predict(JSON, body_of(TELLING)))
        mime = base64.encodebytes(TELLING).decode()
        for text in (mime, mime.replace("\n", "\r\n"), f"  {text_of(TELLING)}\t", " ".join(text_of(TELLING))):
            assert expect_success(predict(JSON, body_with(text))) == plain

    def test_missing_padding_is_accepted(self, predict: Predict) -> None:
        plain = expect_success(predict(JSON, body_of(TELLING)))
        assert expect_success(predict(JSON, body_with(text_of(TELLING).rstrip("=")))) == plain

    def test_the_url_safe_alphabet_is_accepted(self, predict: Predict) -> None:
        plain = expect_success(predict(JSON, body_of(TELLING)))
        text = base64.urlsafe_b64encode(TELLING).decode()
        assert expect_success(predict(JSON, body_with(text))) == plain
        assert expect_success(predict(JSON, body_with(text.rstrip("=")))) == plain

    @pytest.mark.parametrize("kind", NOT_BASE64)
    def test_anything_else_that_is_not_base64_is_a_bad_parameter(self, predict: Predict, kind: str) -> None:
        expect_failure(predict(JSON, body_with(NOT_BASE64[kind])), Code.BAD_PARAMETER)

    @pytest.mark.parametrize("prefix", ["data:image/jpeg;base64,", "data:image/png;base64,", "DATA:;base64,"])
    def test_a_data_prefix_is_a_bad_parameter_and_the_detail_says_to_remove_it(
        self, predict: Predict, prefix: str
    ) -> None:
        body = body_with(prefix + text_of(SMALL))
        assert "去掉图片头" in expect_failure(predict(JSON, body), Code.BAD_PARAMETER)
        english = expect_failure(predict(JSON | {"Accept-Language": "en"}, body), Code.BAD_PARAMETER)
        assert "remove" in english

    def test_the_largest_picture_passes_however_its_base64_is_broken_into_lines(self, predict: Predict) -> None:
        largest = drawing.padded(SMALL, MAX_FILE_BYTES)
        plain = expect_success(predict(JSON, body_of(largest)))
        text = text_of(largest)
        lines = "\r\n".join(text[at : at + 64] for at in range(0, len(text), 64))
        assert expect_success(predict(JSON, body_with(lines))) == plain

    def test_a_body_longer_than_any_picture_needs_is_too_large(self, predict: Predict) -> None:
        expect_failure(predict(JSON, body_with("A" * MAX_BODY_BYTES)), Code.TOO_LARGE)
