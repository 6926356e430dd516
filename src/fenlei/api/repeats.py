"""Idempotency keys: a creating call that is sent twice is carried out once, and answered the same twice.

Follows the IETF draft "The Idempotency-Key HTTP Header Field": the same key with another request is an error, and so
is a second call while the first is still at work. Answers that show a secret are not kept: the second call is told
that the first was carried out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from anyio import to_thread
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from fenlei.api.access import COOKIE
from fenlei.api.errors import BadRequest
from fenlei.projects.secrets import secret_digest
from fenlei.store import Conflict, Store, now
from fenlei.store.tables import Repeat

KEPT = timedelta(hours=24)
HEADER = "idempotency-key"
SHOWS_SECRET = "x-shows-secret"  # noqa: S105 (the name of a mark)
"""The mark, in `openapi_extra`, of a route whose answer has a secret in it."""
_ANSWERED_AGAIN = ("content-type", "etag", "location")


class CreatingRoute(APIRoute):
    """A route whose answer is kept under the caller's idempotency key, when one is sent."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the keeping around it."""
        carry_out = super().get_route_handler()

        async def handler(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or request.method != "POST":
                return await carry_out(request)
            if not 1 <= len(key) <= 200 or not key.isascii() or not key.isprintable():
                raise BadRequest("The idempotency key cannot be used.", "Idempotency-Key", "1 to 200 ASCII characters")
            store: Store = request.app.state.platform.store
            caller = _caller(request)
            digest = hashlib.sha256(
                b"\0".join([request.method.encode(), str(request.url).encode(), await request.body()])
            ).hexdigest()
            kept = await to_thread.run_sync(_begin, store, caller, key, digest)
            if kept is not None:
                return _again(kept, digest)
            try:
                response = await carry_out(request)
            except (Exception, RequestValidationError):
                await to_thread.run_sync(_forget, store, caller, key)
                raise
            if response.status_code >= 500:
                await to_thread.run_sync(_forget, store, caller, key)
                return response
            if (self.openapi_extra or {}).get(SHOWS_SECRET):
                # What is shown once must not lie in the database for whoever reads it.
                await to_thread.run_sync(_finish, store, caller, key, response.status_code, {}, None)
                return response
            body = bytes(response.body)
            headers = {name: response.headers[name] for name in _ANSWERED_AGAIN if name in response.headers}
            await to_thread.run_sync(_finish, store, caller, key, response.status_code, headers, body)
            return response

        return handler


def _caller(request: Request) -> str:
    """Whose key it is: a digest of what they sign in with, so that nobody meets another's answers."""
    sent = request.headers.get("authorization") or request.cookies.get(COOKIE) or ""
    return secret_digest(sent)[:32]


def _begin(store: Store, caller: str, key: str, digest: str) -> Repeat | None:
    with store.writing() as work:
        work.repeats.forget_old(now() - KEPT)
        return work.repeats.begin(Repeat(user_id=caller, key=key, request=digest, created_at=now()))


def _finish(store: Store, caller: str, key: str, status: int, headers: dict[str, Any], body: bytes | None) -> None:
    with store.writing() as work:
        work.repeats.finish(caller, key, status, headers, body)


def _forget(store: Store, caller: str, key: str) -> None:
    with store.writing() as work:
        work.repeats.forget(caller, key)


def _again(kept: Repeat, digest: str) -> Response:
    if kept.request != digest:
        raise BadRequest("This idempotency key was used for another request.", "Idempotency-Key", "a new key")
    if kept.status is None:
        raise Conflict("The first call with this idempotency key is still at work.")
    if kept.body is None:
        raise Conflict("This was carried out by the first call with this key, and its secret was shown then.")
    return Response(kept.body, kept.status, headers={**(kept.headers or {}), "idempotency-replayed": "true"})
