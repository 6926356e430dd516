"""Read a prediction request: its content type, its JSON body, and the one field that counts."""

from __future__ import annotations

import base64 as _base64
import re

import msgspec

from fenlei.contract.codes import Code
from fenlei.contract.errors import Detail, Refused

MEDIA_TYPE = "application/json"
CONTENT_TYPE = "application/json;charset=UTF-8"
"""What a request must say, and what every answer says."""

FIELD = "base64"

_BOM = b"\xef\xbb\xbf"
_BYTE = re.compile(r"\(byte (\d+)\)")


class _Body(msgspec.Struct):
    """The usual case: the field is text, and everything else is skipped without being built."""

    base64: str | None = None


class _AnyBody(msgspec.Struct):
    """The unusual case: the field as the bytes that were sent, so that nothing a caller nests is ever built."""

    base64: msgspec.Raw = msgspec.Raw(b"null")


_read_body = msgspec.json.Decoder(_Body).decode
_read_any_body = msgspec.json.Decoder(_AnyBody).decode
_read_text = msgspec.json.Decoder(str).decode


def check_content_type(value: str | None) -> None:
    """Let `application/json` in UTF-8 pass, however it is spelt, and refuse everything else.

    Args:
        value: the `Content-Type` header; None where the request has none.

    Raises:
        Refused: 10310 when the header is absent or empty, 10311 when it names something else.
    """
    if value in (CONTENT_TYPE, MEDIA_TYPE):
        return
    if value is None or not value.strip():
        raise Refused(
            Code.MISSING_PARAMETER,
            Detail(
                f"请求缺少 Content-Type 请求头，应为 {CONTENT_TYPE}。",
                f"The request has no Content-Type header; send Content-Type: {CONTENT_TYPE}.",
            ),
        )
    kind, charsets = _read_content_type(value)
    if kind != MEDIA_TYPE:
        shown = _shown(value)
        raise Refused(
            Code.BAD_PARAMETER,
            Detail(
                f"Content-Type 为“{shown}”，只接受 {CONTENT_TYPE}。",
                f'The Content-Type is "{shown}"; only {CONTENT_TYPE} is accepted.',
            ),
        )
    for charset in charsets:
        if charset not in {"utf-8", "utf8"}:
            shown = _shown(charset)
            raise Refused(
                Code.BAD_PARAMETER,
                Detail(
                    f"Content-Type 中的字符集为“{shown}”，只接受 UTF-8。",
                    f'The charset in Content-Type is "{shown}"; only UTF-8 is accepted.',
                ),
            )


def parse_body(body: bytes | bytearray | memoryview) -> str:
    """Return the base64 text of a request body, never empty; the text itself is not decoded here.

    Unknown fields are skipped, a repeated field counts as it was sent last, a leading UTF-8 byte order mark is
    tolerated. Nothing but the text is ever built, so a hostile body costs no more memory than an honest one.

    Raises:
        Refused: 10310 when the body or the field is absent or empty; 10311 when the body is not a JSON object in
            UTF-8 or the field is not a string.
    """
    if not body:
        raise Refused(
            Code.MISSING_PARAMETER,
            Detail(
                '请求体为空，应为 {"base64":"图片的base64编码"}。',
                'The request body is empty; send {"base64":"…"} with the picture in base64.',
            ),
        )
    if bytes(body[:3]) == _BOM:
        body = memoryview(body)[3:]
    # The decoder does not look inside the strings it skips, so UTF-8 is examined here; nearly every body is ASCII.
    if isinstance(body, memoryview) or not body.isascii():
        _check_utf8(body)
    try:
        text = _read_body(body).base64
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = _parse_unusual(body)
    if text:
        return text
    raise Refused(
        Code.MISSING_PARAMETER,
        Detail(
            "请求体缺少 base64 字段或其值为空，应为图片文件的 base64 编码字符串。",
            "The field base64 is missing or empty; it must hold the picture file as a base64 string.",
        ),
    )


def encode_request(picture: bytes) -> bytes:
    """Return the JSON body that asks for a prediction of `picture`, a whole JPEG or PNG file."""
    return b'{"base64":"' + _base64.b64encode(picture) + b'"}'


def _parse_unusual(body: bytes | bytearray | memoryview) -> str | None:
    """Say what is wrong with a body that the fast path did not read, or read it (a repeated field of two types)."""
    try:
        raw = bytes(_read_any_body(body).base64)
    except RecursionError:
        raise Refused(
            Code.BAD_PARAMETER,
            Detail(
                '请求体的 JSON 嵌套过深，应为 {"base64":"图片的base64编码"}。',
                'The JSON of the request body is nested too deeply; send {"base64":"…"}.',
            ),
        ) from None
    except msgspec.ValidationError:
        raise Refused(
            Code.BAD_PARAMETER,
            Detail(
                '请求体不是 JSON 对象，应为 {"base64":"图片的base64编码"}。',
                'The request body is JSON, but not an object; send {"base64":"…"}.',
            ),
        ) from None
    except msgspec.DecodeError as error:
        raise _not_json(body, str(error)) from None
    if raw == b"null":
        return None
    try:
        return _read_text(raw)
    except msgspec.ValidationError:
        raise Refused(
            Code.BAD_PARAMETER,
            Detail(
                "base64 字段不是字符串，应为图片文件的 base64 编码字符串。",
                "The field base64 is not a string; it must hold the picture file as a base64 string.",
            ),
        ) from None
    except msgspec.DecodeError as error:
        raise _not_json(body, str(error)) from None


def _not_json(body: bytes | bytearray | memoryview, complaint: str) -> Refused:
    found = _BYTE.search(complaint)
    place = int(found[1]) if found else len(body)
    if found and place < len(body) and body[place] in b"\r\n\t":
        return Refused(
            Code.BAD_PARAMETER,
            Detail(
                f"请求体不是合法的 JSON：第 {place + 1} 个字节是字符串内未转义的换行或制表符，"
                "请去掉换行（如 base64 -w 0）或写成 \\n。",
                f"The request body is not valid JSON: byte {place + 1} is a raw line break or tab inside a string; "
                "leave it out (base64 -w 0) or write it as \\n.",
            ),
        )
    return Refused(
        Code.BAD_PARAMETER,
        Detail(
            f'请求体不是合法的 JSON（读到第 {place + 1} 个字节处出错），应为 {{"base64":"图片的base64编码"}}。',
            f'The request body is not valid JSON (it goes wrong at byte {place + 1}); send {{"base64":"…"}}.',
        ),
    )


def _check_utf8(body: bytes | bytearray | memoryview) -> None:
    try:
        str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise Refused(
            Code.BAD_PARAMETER,
            Detail(
                f"请求体不是 UTF-8 编码（第 {error.start + 1} 个字节有误），只接受 UTF-8 编码的 JSON。",
                f"The request body is not UTF-8 (byte {error.start + 1} is wrong); only JSON in UTF-8 is accepted.",
            ),
        ) from None


def _read_content_type(value: str) -> tuple[str, list[str]]:
    """Split a header into its media type and every charset it names, all in lower case."""
    kind, *parameters = (part.strip().lower() for part in value.split(";"))
    pairs = [parameter.partition("=") for parameter in parameters]
    return kind, [given.strip().strip('"') for name, _, given in pairs if name.strip() == "charset"]


def _shown(value: str) -> str:
    """What a caller sent, fit to be shown: printable and short."""
    text = "".join(c if c.isprintable() else "�" for c in value)
    return text if len(text) <= 60 else text[:59] + "…"
