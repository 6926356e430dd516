"""One HTTP request over ASGI: its headers, its capped body, whether its caller is still there, and its one answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from typing import Any

from fenlei.contract import REQUEST_ID_HEADER, Code, Detail, Language, Refused, choose
from fenlei.serving.errors import CallerGone
from fenlei.serving.handler import body_too_large, clean_request_id
from fenlei.serving.reply import Reply

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_SECONDS = 30.0
"""How long a caller may take to send one body."""

LINGER_BYTES = 16 * 1024 * 1024
LINGER_SECONDS = 2.0
"""What is read and thrown away after an early answer: closing with unread bytes resets the connection, and a caller
who is still sending would see the reset instead of the answer. Most of those who send too much end within this."""

_REQUEST_ID = REQUEST_ID_HEADER.lower().encode()


class Exchange:
    """A request and the way back to its caller. Belongs to one task on the event loop.

    Attributes:
        started: `time.perf_counter()` of its arrival.
        request_id: the caller's, when it is sane, or ours.
        language: of the detail sentences.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.started = time.perf_counter()
        self._scope = scope
        self._receive = receive
        self._send = send
        self._complete = False  # the body was read to its end
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
        self.headers = headers
        self.request_id = clean_request_id(headers.get("x-request-id"))

    @property
    def method(self) -> str:
        """Of HTTP, in capitals."""
        return str(self._scope["method"])

    @property
    def path(self) -> str:
        """Of the URL, decoded, without the query."""
        return str(self._scope["path"])

    @property
    def query(self) -> str:
        """Of the URL, as sent. May hold a key: it belongs in no log."""
        raw: bytes = self._scope.get("query_string", b"")
        return raw.decode("latin-1")

    @cached_property
    def language(self) -> Language:
        """The language of the detail sentences, by `Accept-Language`."""
        return choose(self.headers.get("accept-language"))

    @cached_property
    def content_length(self) -> int | None:
        """Bytes the caller announced; None where nothing was announced."""
        text = self.headers.get("content-length", "")
        return int(text[:18]) if text.isascii() and text.isdigit() else None  # 18 digits are too many by any count

    async def read_body(self, limit: int, seconds: float = BODY_SECONDS) -> bytes:
        """Read the body, and stop as soon as it is known to be over `limit` bytes.

        Raises:
            Refused: 10441, it is too long; the rest stays unread. 10311, it did not arrive in time.
            CallerGone: the caller hung up in the middle.
        """
        if (self.content_length or 0) > limit:
            raise body_too_large()
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(seconds):
                while not self._complete:
                    message = await self._receive()
                    if message["type"] != "http.request":
                        raise CallerGone
                    chunk: bytes = message.get("body", b"")
                    size += len(chunk)
                    if size > limit:
                        raise body_too_large()
                    chunks.append(chunk)
                    self._complete = not message.get("more_body", False)
        except TimeoutError:
            raise Refused(
                Code.BAD_PARAMETER,
                Detail(
                    f"请求体在 {seconds:g} 秒内没有发送完整，请检查网络后重试。",
                    f"The request body did not arrive within {seconds:g} s; check the connection and send it again.",
                ),
            ) from None
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def until_gone(self) -> None:
        """Return when the caller has hung up. Only after the body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def reply(self, reply: Reply, *, close: bool = False) -> None:
        """Send the answer.

        Where the body has an end in sight, the rest of it is the server's to skip. Where it has none, the answer
        goes out whole at once and the connection ends after a short time of listening; see LINGER_BYTES.

        Args:
            reply: the answer.
            close: ask the caller to open another connection for the next request.
        """
        endless = not self._complete and self._endless
        headers = [
            (b"content-type", reply.content_type),
            (b"content-length", b"%d" % len(reply.body)),
            (_REQUEST_ID, self.request_id.encode("latin-1")),
            *reply.headers,
        ]
        if close or endless:
            headers.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": reply.body, "more_body": endless})
        if endless:
            await self._linger()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    @property
    def _endless(self) -> bool:
        """Whether nothing says that the unread rest of the body is short."""
        if "expect" in self.headers:  # the caller waits for our leave, and after a refusal may send nothing at all
            return True
        if self.content_length is not None:
            return self.content_length > LINGER_BYTES // 2
        return "transfer-encoding" in self.headers

    async def _linger(self) -> None:
        left = LINGER_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while left > 0:
                    message = await self._receive()
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return
                    left -= len(message.get("body", b""))
