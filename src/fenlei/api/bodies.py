"""Bodies that are too long for memory: worked on in stretches while they arrive, off the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anyio import to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from fenlei.api.errors import LengthNeeded

STRETCH_BYTES = 8 * 1024 * 1024
"""So much of a body is in memory. A caller who sends slowly holds no thread meanwhile."""

BINARY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""The body of a route that takes bytes as they are, for `openapi_extra`."""

MAYBE_BINARY: dict[str, Any] = {"requestBody": {**BINARY["requestBody"], "required": False}}
"""The same, where nothing may be sent."""


async def hand_over(request: Request, take: Callable[[list[bytes]], None]) -> None:
    """Give a body to `take`, stretch by stretch, in threads; once at least, if only with nothing.

    When the caller leaves half-way, `take` gets what has come before this raises.

    Raises:
        ClientDisconnect: the caller has left.
        TooLarge: there was more than is taken here.
    """
    gathered: list[bytes] = []
    size = 0
    try:
        async for piece in request.stream():
            gathered.append(piece)
            size += len(piece)
            if size >= STRETCH_BYTES:
                await to_thread.run_sync(take, gathered)
                gathered, size = [], 0
    except ClientDisconnect:
        if size:
            await to_thread.run_sync(take, gathered)
        raise
    await to_thread.run_sync(take, gathered)


def announced_length(request: Request) -> int:
    """The length that a body says it has.

    Raises:
        LengthNeeded: it does not say.
    """
    length = request.headers.get("content-length", "")
    if not length.isascii() or not length.isdigit() or len(length) > 18:
        raise LengthNeeded("This needs the length of the file before the file.", "Content-Length", "a number of bytes")
    return int(length)
