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
    """The bytes of a manifest as text.

    Raises:
        DatasetError: they are in none of these encodings.
    """
    if data.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        encoding = guess_encoding([data]) or "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as exc:
        raise DatasetError(f"{name} cannot be read: it is neither UTF-8 nor GBK. Save it as UTF-8.") from exc


def parsed(data: bytes, name: str, kind: type[T]) -> T:
    """The JSON of a manifest as a value of a type; what the type does not name is not kept.

    Raises:
        DatasetError: it is no JSON, or of another shape.
    """
    raw = data if data.isascii() else decoded(data, name).encode()
    try:
        return _typed(raw, kind)
    except msgspec.ValidationError as exc:
        raise DatasetError(f"{name} has another shape: {exc}.") from exc
    except msgspec.DecodeError as exc:
        return _lenient(raw, name, kind, str(exc))
    except RecursionError as exc:
        raise DatasetError(f"{name} cannot be read: it is nested too deep.") from exc


def _typed(raw: bytes, kind: type[T]) -> T:
    return msgspec.json.decode(raw, type=kind)


def _lenient(raw: bytes, name: str, kind: type[T], said: str) -> T:
    """Again for NaN and Infinity, which are no JSON and yet written by many programs: they become null."""
    try:
        return _typed(msgspec.json.encode(json.loads(raw)), kind)
    except msgspec.ValidationError as exc:
        raise DatasetError(f"{name} has another shape: {exc}.") from exc
    except (ValueError, RecursionError, msgspec.MsgspecError) as exc:
        raise DatasetError(f"{name} is no JSON: {said}.") from exc
