"""The outermost layer: an id for each request, who may address this server, from where, and with how much.

A page of another site can make a browser send requests here. Two checks stop it: the `Host` must be one of ours
(against DNS rebinding), and a request that changes something must come from our own pages when it says where it
comes from (against cross-site request forgery; the cookie is `SameSite=Strict` besides). CORS stays closed.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fenlei.api.errors import TooLarge, answer

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_JSON_BYTES = 4 * 1024 * 1024
MAX_CHUNK_BYTES = 64 * 1024 * 1024
"""What one piece of an upload may have."""
MAX_MODEL_BYTES = 4 * 1024 * 1024 * 1024
"""What a model file that is sent may have."""
MAX_TRY_BYTES = 16 * 1024 * 1024
"""What a picture may have that a deployment is tried with: more than it answers for, to see what it says to that."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


class Shield:
    """An ASGI layer around the management API."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str]) -> None:
        """Wrap an application.

        Args:
            app: what is protected.
            hosts: names it may be addressed by, without ports; `*` allows every name.
        """
        self._app = app
        self._hosts = {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(16)
        scope["fenlei.request_id"] = request_id
        headers = Headers(scope=scope)

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                out["x-request-id"] = request_id
                for name, value in HEADERS.items():
                    out.setdefault(name, value)
                if "cache-control" not in out:
                    out["cache-control"] = "no-store"
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            status, slug, text = refusal
            await answer(request_id, status, slug, text)(scope, receive, labelled)
            return
        limit = _limit(scope["path"])
        length = _announced(headers)
        if length > limit:
            text = f"The body has {length} bytes; at most {limit} are taken here."
            await answer(request_id, 413, "too-large", text)(scope, receive, labelled)
            return
        await self._app(scope, _Capped(receive, limit), labelled)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        host = _bare(headers.get("host", ""))
        if "*" not in self._hosts and host not in self._hosts:
            return 403, "not-allowed", f"This server is not addressed as {host!r}; its operator can allow that name."
        origin = headers.get("origin")
        if scope["method"] in SAFE or origin is None:
            return None
        place = _place(origin)
        if not place or place != headers.get("host", "").lower():
            return 403, "not-allowed", f"Pages of {origin} may not change anything here."
        return None


def _announced(headers: Headers) -> int:
    """How long a body says it is; 0 where it does not say."""
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return 0
    return int(length) if len(length) <= 18 else 10**18


def _place(origin: str) -> str:
    """Host and port of an origin; empty where it has none, or is no address at all."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _limit(path: str) -> int:
    """How long bodies of this address may be."""
    if "/uploads/" in path or path.endswith("/files"):
        return MAX_CHUNK_BYTES
    if path.endswith("/model-files"):
        return MAX_MODEL_BYTES
    return MAX_TRY_BYTES if path.endswith("/try") else MAX_JSON_BYTES


class _Capped:
    """Receives a body, and no more of it than is allowed; what announces itself as longer never came this far."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise TooLarge("The body is larger than is taken here.")
        return message


def _bare(host: str) -> str:
    """A Host header without its port."""
    host = host.lower()
    if host.startswith("["):
        return host[: host.find("]") + 1]
    return host.split(":")[0]
