"""Talk to an ASGI application the way a server does, one message at a time, without a server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Message = MutableMapping[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass
class Answer:
    """What an application answered. Header names are in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Caller:
    """One request to an application. `body` goes out in the pieces given; `hang_up` ends it from this side."""

    def __init__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] = b"",
    ) -> None:
        path, _, query = url.partition("?")
        self.scope: Message = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        }
        self.answer = Answer()
        self.complete = False
        self.pieces_read = 0
        self._pieces = iter([body] if isinstance(body, bytes) else body)
        self._next = next(self._pieces, None)
        self._sent_all = False
        self._gone = asyncio.Event()

    def hang_up(self) -> None:
        """Close the connection from the caller's side."""
        self._gone.set()

    async def receive(self) -> Message:
        """What the application awaits."""
        if self._gone.is_set() or self._sent_all:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        piece, self._next = self._next or b"", next(self._pieces, None)
        self.pieces_read += 1
        self._sent_all = self._next is None
        return {"type": "http.request", "body": piece, "more_body": not self._sent_all}

    async def send(self, message: Message) -> None:
        """Where the application answers."""
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.answer.body += message.get("body", b"")
            self.complete = not message.get("more_body", False)
            if self.complete:
                self._gone.set()

    async def call(self, app: App) -> Answer:
        """Run the request to its end, which must come within ten seconds."""
        async with asyncio.timeout(10):
            await app(self.scope, self.receive, self.send)
        return self.answer


def call(
    app: App, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | Iterable[bytes] = b""
) -> Answer:
    """Make one request from plain code."""

    async def once() -> Answer:
        return await Caller(method, url, headers, body).call(app)

    return asyncio.run(once())
