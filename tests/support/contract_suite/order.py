"""The order of checks: where two things are wrong at once, the one that is checked first answers."""

from __future__ import annotations

import pytest

from fenlei.contract import MAX_BODY_BYTES, Code
from tests.support import drawing
from tests.support.contract_suite.asking import (
    JSON,
    SMALL,
    Asking,
    Predict,
    body_of,
    body_with,
    expect_failure,
    text_of,
)

TEXT = {"Content-Type": "text/plain"}
TOO_LONG = bytes(MAX_BODY_BYTES + 1)
TOO_LARGE_FILE = bytes(4_194_305)


def _cut(picture: bytes) -> bytes:
    """The picture with its headers whole and most of its pixels missing."""
    return picture[: picture.index(b"\xff\xda") + 20]


TWO_WRONGS: dict[str, tuple[dict[str, str], bytes, Code]] = {
    "no content type, too long a body": ({}, TOO_LONG, Code.MISSING_PARAMETER),
    "no content type, no body": ({}, b"", Code.MISSING_PARAMETER),
    "another content type, too long a body": (TEXT, TOO_LONG, Code.BAD_PARAMETER),
    "another content type, no body": (TEXT, b"", Code.BAD_PARAMETER),
    "another content type, no field": (TEXT, b"{}", Code.BAD_PARAMETER),
    "too long a body, not JSON": (JSON, TOO_LONG, Code.TOO_LARGE),
    "not JSON, not base64": (JSON, b'{"base64":"!!!"', Code.BAD_PARAMETER),
    "not UTF-8, no field": (JSON, b'{"x":"\xff"}', Code.BAD_PARAMETER),
    "not base64, too large a file": (JSON, body_with(text_of(TOO_LARGE_FILE)[:-4] + "!!!!"), Code.BAD_PARAMETER),
    "a prefix, not a picture": (JSON, body_with("data:image/gif;base64,AAAA"), Code.BAD_PARAMETER),
    "too large a file, wrong type": (JSON, body_of(TOO_LARGE_FILE), Code.TOO_LARGE),
    "too large a file, too few pixels": (JSON, body_of(drawing.padded(drawing.jpeg(9, 9), 4_194_305)), Code.TOO_LARGE),
    "wrong type, too few pixels": (JSON, body_of(drawing.encoded(drawing.image(9, 9), "GIF")), Code.BAD_TYPE),
    "wrong type, too long a shape": (JSON, body_of(drawing.encoded(drawing.image(400, 40), "BMP")), Code.BAD_TYPE),
    "too few pixels, too long a shape": (JSON, body_of(drawing.jpeg(29, 100)), Code.BAD_PIXELS),
    "too many pixels, too long a shape": (JSON, body_of(drawing.broad(4097, 100)), Code.BAD_PIXELS),
    "too few pixels, cut off": (JSON, body_of(_cut(drawing.jpeg(29, 29))), Code.BAD_PIXELS),
    "too long a shape, cut off": (JSON, body_of(_cut(drawing.jpeg(301, 100))), Code.BAD_RATIO),
}


class OrderCases(Asking):
    """The sentence that begins with "Order of checks", from `Content-Type` on."""

    @pytest.mark.parametrize("wrongs", TWO_WRONGS)
    def test_of_two_wrongs_the_first_to_be_checked_answers(self, predict: Predict, wrongs: str) -> None:
        headers, body, code = TWO_WRONGS[wrongs]
        expect_failure(predict(headers, body), code)

    def test_a_picture_with_nothing_wrong_passes_all_checks(self, predict: Predict) -> None:
        status, _, said = predict(JSON, body_of(SMALL))
        assert (status, said["code"]) == (200, 10000)
