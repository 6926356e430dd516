"""HTTP/1.1 as strangers speak it: an offer of another protocol is ignored, and heads have bounds."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fenlei.contract import CONTENT_TYPE, REQUEST_ID_HEADER, Code, Detail, choose, failure, render
from fenlei.serving.handler import clean_request_id

MAX_HEAD_BYTES = 64 * 1024
"""Bytes that may come in without a head, or a piece of a body, coming to its end; the parser keeps them all."""

HEAD_SECONDS = 30.0
"""How long a caller may take to send the head of a request, from the connection or from its first byte."""

_OFFERS = {b"upgrade", b"http2-settings"}
"""Headers that only concern the offer, and the tokens of `Connection` that name them."""


class PlainHttp(HttpToolsProtocol):
    """uvicorn's protocol, deaf to `Upgrade`, and with bounds on what comes before a body.

    Java's own client offers HTTP/2 with its first request (`Upgrade: h2c`), body and all. A server may ignore the
    offer (RFC 9110, section 7.8), but httptools takes what follows the head for the other protocol and leaves the
    body unread. So the head is parsed once more without the offer, and the rest follows it.

    Neither uvicorn nor its parser ends a head: without MAX_HEAD_BYTES one caller without a key could fill the memory,
    without HEAD_SECONDS a thousand silent ones could take every connection there is.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = False
        self._refused = False
        self._unparsed = 0  # bytes since the parser had something to tell
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and see that it gets on."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._unparsed += len(data)
        if not self._feed(data):
            return
        if self._unparsed > MAX_HEAD_BYTES:
            self._refuse(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"请求头超过 {MAX_HEAD_BYTES} 字节。",
                f"The head of the request is over {MAX_HEAD_BYTES} bytes.",
            )
        elif self._patience is None and (self._in_head or self._idle):
            self._await_head()

    def _feed(self, data: bytes) -> bool:
        """Parse; begin again where the parser stops at an offer. False: what came was refused."""
        while True:
            try:
                self.parser.feed_data(data)
                return True
            except httptools.HttpParserUpgrade as offer:
                if self.scope["method"] == "CONNECT":  # an offer by itself: this server is no tunnel
                    self._refuse_what_is_no_http()
                    return False
                head, rest = self._head_without_offer(), data[offer.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                data = head + rest
            except httptools.HttpParserError:
                self._refuse_what_is_no_http()
                return False

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        self._in_head = True
        self._unparsed = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the request, unless its head is about to be parsed again."""
        self._in_head = False
        self._unparsed = 0
        self._stop_waiting()
        if self.parser.should_upgrade():
            self.scope["method"] = self.parser.get_method().decode("ascii")
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand on a piece of the body."""
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request; the parser calls this for a head with an offer, too."""
        self._unparsed = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _head_without_offer(self) -> bytes:
        lines = [self.scope["method"].encode("ascii") + b" " + self.url + b" HTTP/" + self._version()]
        for name, value in self.headers:
            if name in _OFFERS:
                continue
            if name == b"connection":
                tokens = [token.strip() for token in value.split(b",")]
                value = b", ".join(token for token in tokens if token.lower() not in _OFFERS)  # noqa: PLW2901
                if not value:
                    continue
            lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])

    def _version(self) -> bytes:
        return self.parser.get_http_version().encode("ascii")

    @property
    def _idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        self._patience = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _head_is_late(self) -> None:
        self._patience = None
        if not self._idle:  # reading may have been paused for the sake of the request before
            self._await_head()
        elif self._in_head:
            self._refuse(
                HTTPStatus.REQUEST_TIMEOUT,
                f"请求头在 {HEAD_SECONDS:g} 秒内没有发送完整。",
                f"The head of the request did not arrive within {HEAD_SECONDS:g} s.",
            )
        else:
            self.transport.close()

    def _refuse_what_is_no_http(self) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, "内容不是合法的 HTTP/1.1 请求。", "This is no valid HTTP/1.1 request.")

    def _refuse(self, status: HTTPStatus, zh: str, en: str) -> None:
        """Answer what is not yet a request, and close; requests that came whole before it are answered first."""
        self._refused = True
        if self.transport.is_closing():
            return
        if not self._idle and not self.cycle.more_body:
            self.cycle.keep_alive = False
            return
        request_id = clean_request_id(None)
        _, body = render(failure(Code.BAD_PARAMETER, Detail(zh, en), request_id, choose(None)))
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"content-type: {CONTENT_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"{REQUEST_ID_HEADER.lower()}: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
