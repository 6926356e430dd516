"""Reading a request: what passes, what is refused, and that nothing a stranger sends ends in anything else."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenlei.contract import Code, Refused, check_content_type, encode_request, parse_body

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def refusal(body: bytes | bytearray | memoryview) -> Refused:
    with pytest.raises(Refused) as caught:
        parse_body(body)
    return caught.value


def outcome(read: Callable[[Any], Any], given: Any) -> Any:
    try:
        return read(given)
    except Refused as refused:
        return refused


@given(st.dictionaries(st.text(), ANY_JSON, max_size=5), st.text(min_size=1), st.booleans())
def test_the_text_comes_out_as_it_went_in_whatever_stands_beside_it(
    others: dict[str, Any], text: str, escaped: bool
) -> None:
    body = json.dumps({**others, "base64": text}, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    assert parse_body(body) == text


@given(ANY_JSON)
def test_any_json_is_either_text_or_the_refusal_it_deserves(value: Any) -> None:
    body = json.dumps({"base64": value}).encode()
    if isinstance(value, str) and value:
        assert parse_body(body) == value
    else:
        missing = value is None or value == ""
        assert refusal(body).code is (Code.MISSING_PARAMETER if missing else Code.BAD_PARAMETER)


@given(st.binary(max_size=200))
def test_any_bytes_are_either_text_or_a_refusal(body: bytes) -> None:
    told = outcome(parse_body, body)
    assert told
    if isinstance(told, Refused):
        assert told.code in {Code.MISSING_PARAMETER, Code.BAD_PARAMETER}


@given(st.binary(max_size=60))
def test_what_the_client_writes_the_server_reads(picture: bytes) -> None:
    body = encode_request(picture)
    if picture:
        assert parse_body(body) == json.loads(body)["base64"]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_kind_of_buffer_is_read(kind: Any) -> None:
    assert parse_body(kind(b'{"base64":"AAAA"}')) == "AAAA"
    assert parse_body(kind(b'\xef\xbb\xbf{"base64":"AAAA"}')) == "AAAA"
    assert refusal(kind(b'{"x":"\xff","base64":"AAAA"}')).code is Code.BAD_PARAMETER
    assert refusal(kind(b"")).code is Code.MISSING_PARAMETER


def test_a_hostile_body_costs_no_more_memory_than_an_honest_one() -> None:
    for hostile in (b'{"base64":[' + b"{}," * 300_000 + b"{}]}", b'{"base64":1,"x":[' + b"[]," * 300_000 + b"[]]}"):
        tracemalloc.start()
        try:
            assert refusal(hostile).code is Code.BAD_PARAMETER
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 2 * len(hostile)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"[]", "not an object"),
        (b"{}", "missing or empty"),
        (b'{"base64":1}', "not a string"),
        (b'{"base64":"A\nA"}', "raw line break"),
        (b'{"base64":"A', "not valid JSON"),
        (b'{"base64": AAAA}', "byte 12"),
        (b'{"x":"\xb0"}', "byte 7"),
        (b'{"x":' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_refusal_says_what_was_wrong(body: bytes, words: str) -> None:
    detail = refusal(body).detail
    assert words in detail.en
    assert detail.zh.endswith("。")
    assert detail.en.endswith(".")


@pytest.mark.parametrize("value", [None, "", "   "])
def test_a_content_type_that_is_not_there_is_missing(value: str | None) -> None:
    with pytest.raises(Refused) as caught:
        check_content_type(value)
    assert caught.value.code is Code.MISSING_PARAMETER


@given(st.text(max_size=80))
def test_any_other_content_type_is_refused_without_being_repeated_at_length(value: str) -> None:
    told = outcome(check_content_type, value)
    if isinstance(told, Refused):
        assert all(c.isprintable() for c in told.detail.en)
        assert len(told.detail.en) < 200


def test_a_charset_is_named_in_the_refusal() -> None:
    with pytest.raises(Refused, match=r'"gbk"; only UTF-8'):
        check_content_type("application/json; charset=GBK")
