"""The text of a manifest, whatever program wrote it: UTF-8 with or without its mark, UTF-16 with it, or GBK."""

from __future__ import annotations

import codecs
import json
from typing import TypeVar

import msgspec

from fenlei.datasets.encoding import guess_encoding
from fenlei.datasets.found import DatasetError

T = TypeVar("T")


def decoded(data: bytes, name: str) -> str:
    """The bytes of a table as text.

    Raises:
        DatasetError: they are in none of these encodings.
    """
    return _decoded(data, name, guess_encoding([data]) or "utf-8")


def decoded_json(data: bytes, name: str) -> str:
    """The bytes of a JSON file as text: GBK only where they cannot be UTF-8, which JSON should be.

    Raises:
        DatasetError: they are in none of these encodings.
    """
    try:
        return _decoded(data, name, "utf-8")
    except DatasetError:
        return _decoded(data, name, "gb18030")


def parsed(text: str | bytes, name: str, kind: type[T]) -> T:
    """The JSON of a manifest as a value of a type; what the type does not name is not kept.

    Raises:
        DatasetError: it is no JSON, or of another shape.
    """
    if isinstance(text, bytes) and not text.isascii():
        text = decoded_json(text, name).encode()
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as exc:
        raise DatasetError(f"{name} has another shape: {exc}.") from exc
    except msgspec.DecodeError as exc:
        return _lenient(text, name, kind, str(exc))
    except RecursionError as exc:
        raise DatasetError(f"{name} cannot be read: it is nested too deep.") from exc


def _decoded(data: bytes, name: str, encoding: str) -> str:
    if data.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as exc:
        raise DatasetError(f"{name} cannot be read: it is neither UTF-8 nor GBK. Save it as UTF-8.") from exc


def _lenient(text: str | bytes, name: str, kind: type[T], said: str) -> T:
    """Again for NaN and Infinity, which are no JSON and yet written by many programs: they become null."""
    try:
        return msgspec.json.decode(msgspec.json.encode(json.loads(text)), type=kind)
    except msgspec.ValidationError as exc:
        raise DatasetError(f"{name} has another shape: {exc}.") from exc
    except (ValueError, RecursionError, msgspec.MsgspecError) as exc:
        raise DatasetError(f"{name} is no JSON: {said}.") from exc
