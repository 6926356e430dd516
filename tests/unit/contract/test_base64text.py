"""Base64 as encoders in the field write it, and nothing else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenlei.contract import Code, Refused, decode_base64


@given(
    st.binary(min_size=1, max_size=200),
    st.booleans(),
    st.booleans(),
    st.integers(1, 80),
    st.sampled_from(["\n", "\r\n", " \t"]),
)
def test_every_common_spelling_decodes_to_the_same_bytes(
    data: bytes, url_safe: bool, padded: bool, width: int, gap: str
) -> None:
    text = (base64.urlsafe_b64encode(data) if url_safe else base64.b64encode(data)).decode()
    text = text if padded else text.rstrip("=")
    assert decode_base64(gap.join(text[at : at + width] for at in range(0, len(text), width)) + gap) == data


def outcome(text: str) -> bytes | Refused:
    try:
        return decode_base64(text)
    except Refused as refused:
        return refused


@given(st.text(max_size=60))
def test_any_text_is_either_decoded_or_a_bad_parameter(text: str) -> None:
    told = outcome(text)
    if isinstance(told, Refused):
        assert told.code is Code.BAD_PARAMETER
        assert told.detail.zh.endswith("。")
        assert told.detail.en.endswith(".")


@given(st.binary(min_size=1, max_size=60), st.data())
def test_one_foreign_character_anywhere_is_a_bad_parameter(data: bytes, draw: st.DataObject) -> None:
    text = base64.b64encode(data).decode()
    at = draw.draw(st.integers(0, len(text) - 1))
    foreign = draw.draw(st.characters(exclude_characters="-_+/=\t\n\r\v\f ", exclude_categories=["Lu", "Ll", "Nd"]))
    with pytest.raises(Refused):
        decode_base64(text[:at] + foreign + text[at:])


@pytest.mark.parametrize("text", ["A", "AAAAA", "=", "====", "AAAA=", "AA===", "A===", "AA=A", "AA==AA", " ", ""])
def test_a_length_or_padding_that_no_encoder_writes_is_a_bad_parameter(text: str) -> None:
    with pytest.raises(Refused):
        decode_base64(text)


@pytest.mark.parametrize(
    ("text", "data"), [("QQ==", b"A"), ("QQ=", b"A"), ("QQ", b"A"), ("QUI=", b"AB"), ("QUI", b"AB")]
)
def test_padding_may_be_whole_partial_or_absent(text: str, data: bytes) -> None:
    assert decode_base64(text) == data


@pytest.mark.parametrize("prefix", ["data:image/png;base64,", " data:,", "image/jpeg;base64,", ";base64,"])
def test_a_prefix_is_named_as_such(prefix: str) -> None:
    with pytest.raises(Refused, match="remove it") as caught:
        decode_base64(prefix + "AAAA")
    assert "去掉图片头" in caught.value.detail.zh
