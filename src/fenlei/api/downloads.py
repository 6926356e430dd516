"""Answers that are files: streamed, named, and never taken for anything else by a browser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any
from urllib.parse import quote

from fastapi.responses import StreamingResponse
from pydantic import BaseModel

BLOCK_BYTES = 256 * 1024


def download(
    pieces: Iterable[bytes | str],
    media_type: str,
    name: str,
    *,
    headers: Mapping[str, str] | None = None,
    shown: bool = False,
) -> StreamingResponse:
    """An answer that is made while it is sent.

    The first piece is made here, so that what cannot be answered at all is an error and not a broken download.

    Args:
        pieces: the file, in pieces of any length; texts are sent as UTF-8.
        media_type: what it is.
        name: what a browser calls it on disk.
        headers: more of them.
        shown: whether a browser may show it instead of keeping it.
    """
    blocks = _blocks(pieces)
    first = next(blocks, b"")
    given = {"content-disposition": _disposition(name, shown=shown), **(headers or {})}
    return StreamingResponse(chain([first], blocks), media_type=media_type, headers=given)


NAMED = {"Content-Disposition": {"description": "What to call it.", "required": True, "schema": {"type": "string"}}}
TAGGED = {"ETag": {"description": "Of this very content.", "required": True, "schema": {"type": "string"}}}
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "It is what the caller has.", "headers": TAGGED}}


def documents(
    media_type: str, *, said: str, tagged: bool = False, named: bool = True
) -> dict[int | str, dict[str, Any]]:
    """The success of a route that answers with a file, for OpenAPI.

    Args:
        media_type: of the file.
        said: what it is.
        tagged: whether its content has an `ETag`.
        named: whether it has a name.
    """
    schema = {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}
    headers = {**(NAMED if named else {}), **(TAGGED if tagged else {})}
    return {200: {"description": said, "content": {media_type: {"schema": schema}}, "headers": headers}}


def documents_model(model: type[BaseModel], *, said: str, named: bool = False) -> dict[int | str, dict[str, Any]]:
    """The success of a route that answers with bytes that are JSON, for OpenAPI.

    Args:
        model: how the JSON looks.
        said: what it is.
        named: whether it has a name, as files have.
    """
    return {200: {"description": said, "model": model, "headers": NAMED if named else {}}}


def _blocks(pieces: Iterable[bytes | str]) -> Iterator[bytes]:
    """The same in blocks that are worth a thread's while."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece.encode("utf-8", "replace") if isinstance(piece, str) else piece
        if len(gathered) >= BLOCK_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _disposition(name: str, *, shown: bool) -> str:
    """RFC 6266: the name in ASCII for the old, and as it is."""
    last = name.replace("\\", "/").rpartition("/")[2] or "file"
    plain = "".join(each if each.isascii() and each.isprintable() and each not in '"\\%;' else "_" for each in last)
    exact = quote(last.encode("utf-8", "replace"), safe="")
    return f"{'inline' if shown else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{exact}"
