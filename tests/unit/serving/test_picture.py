"""The fast way to a picture's bytes gives what the slow way gives."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from fenlei.contract import Refused, decode_base64
from fenlei.serving.picture import picture_of


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_come_back(data: bytes) -> None:
    assert picture_of(json.dumps({"base64": base64.b64encode(data).decode()}).encode()) == data


@given(st.text(alphabet="AQgw/+-_= \n\r\t9zé,", min_size=1, max_size=12))
def test_the_fast_way_accepts_and_refuses_exactly_what_the_contract_does(text: str) -> None:
    body = json.dumps({"base64": text}).encode()
    assert _outcome(lambda: picture_of(body)) == _outcome(lambda: decode_base64(text))


def _outcome(way: Callable[[], bytes]) -> object:
    try:
        return way()
    except Refused as refused:
        return refused.code, refused.detail
