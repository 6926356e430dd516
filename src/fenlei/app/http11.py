"""HTTP/1.1 for callers who offer to speak something else: the offer is ignored, the request is answered."""

from __future__ import annotations

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_OFFERS = {b"upgrade", b"http2-settings"}
"""Headers that only concern the offer, and the tokens of `Connection` that name them."""


class PlainHttp(HttpToolsProtocol):
    """uvicorn's protocol, deaf to `Upgrade`.

    Java's own client offers HTTP/2 with its first request (`Upgrade: h2c`), body and all. A server may ignore the
    offer (RFC 9110, section 7.8), but httptools takes what follows the head for the other protocol and leaves the
    body unread. So the head is parsed once more without the offer, and the rest follows it.
    """

    def data_received(self, data: bytes) -> None:
        """Feed the parser; begin again where it stops at an offer."""
        self._unset_keepalive_if_required()
        while True:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offer:
                if self.scope["method"] == "CONNECT":  # an offer by itself: this server is no tunnel
                    self._refuse()
                    return
                head, rest = self._head_without_offer(), data[offer.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                data = head + rest
            except httptools.HttpParserError:
                self._refuse()
                return

    def on_headers_complete(self) -> None:
        """Start the request, unless its head is about to be parsed again."""
        if self.parser.should_upgrade():
            self.scope["method"] = self.parser.get_method().decode("ascii")
            return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End the request; the parser calls this for a head with an offer, too."""
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

    def _refuse(self) -> None:
        self.send_400_response("Invalid HTTP request received.")
