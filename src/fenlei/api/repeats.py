"""Idempotency keys: a creating call that is sent twice is carried out once, and answered the same twice.

Follows the IETF draft "The Idempotency-Key HTTP Header Field": the same key with another request is an error, and so
is a second call while the first is still at work. Answers that show a secret are not kept: the second call is told
that the first was carried out.

What a call has written, its line of the audit log and its answer are committed together, with or without a key. So a
call that a dying server took with it has left nothing, and is carried out when it is sent again.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from anyio import to_thread
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from fenlei.api.access import COOKIE
from fenlei.api.errors import BadRequest
from fenlei.projects.secrets import secret_digest
from fenlei.store import Conflict, Store, Work, now, together
from fenlei.store.tables import Repeat

KEPT = timedelta(hours=24)
HEADER = "idempotency-key"
SHOWS_SECRET = "x-shows-secret"  # noqa: S105 (the name of a mark)
"""The mark, in `openapi_extra`, of a route whose answer has a secret in it."""
_WHOLE = "carried_out_whole"
_ANSWERED_AGAIN = ("content-type", "etag", "location")


class _CarriedOut(Exception):
    """Another server carried it out while this one was about to."""

    def __init__(self, kept: Repeat) -> None:
        super().__init__()
        self.kept = kept


@dataclass(frozen=True)
class _Call:
    """A call on its way.

    Attributes:
        store: where it writes.
        caller: whose key it is.
        key: the key; None where none was sent.
        digest: of the request.
    """

    store: Store
    caller: str
    key: str | None
    digest: str

    def kept(self) -> Repeat | None:
        """What an earlier call with this key has left."""
        if self.key is None:
            return None
        with self.store.reading() as work:
            return work.repeats.get(self.caller, self.key, now() - KEPT)

    def begin(self, work: Work) -> None:
        """Take the key, in the transaction that carries the call out."""
        if self.key is None:
            return
        work.repeats.forget_old(now() - KEPT)
        row = Repeat(user_id=self.caller, key=self.key, request=self.digest, created_at=now())
        if (kept := work.repeats.begin(row)) is not None:
            raise _CarriedOut(kept)

    def finish(self, status: int, headers: dict[str, str], body: bytes | None) -> None:
        """Keep the answer."""
        if self.key is not None:
            with self.store.writing() as work:
                work.repeats.finish(self.caller, self.key, status, headers, body)

    def forget(self) -> None:
        """Let the key go: the call failed, and may be tried again."""
        if self.key is not None:
            with self.store.writing() as work:
                work.repeats.forget(self.caller, self.key)


_call: ContextVar[_Call | None] = ContextVar("fenlei_call", default=None)
_at_work: set[tuple[str, str]] = set()
_changing = threading.Lock()


class CreatingRoute(APIRoute):
    """A route whose POST is carried out whole or not at all, and answered the same under the same idempotency key."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._waits = inspect.iscoroutinefunction(endpoint)
        if "POST" in (options.get("methods") or ()) and not self._waits and not hasattr(endpoint, _WHOLE):
            endpoint = self._carry_out(endpoint)
        super().__init__(path, endpoint, **options)
        self._shows_secret = bool((self.openapi_extra or {}).get(SHOWS_SECRET))

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the keeping around it."""
        carry_out = super().get_route_handler()

        async def handler(request: Request) -> Response:
            if request.method != "POST":
                return await carry_out(request)
            store: Store = request.app.state.platform.store
            key = request.headers.get(HEADER)
            if key is None:
                with _on_its_way(_Call(store, "", None, "")):
                    return await carry_out(request)
            if not 1 <= len(key) <= 200 or not key.isascii() or not key.isprintable():
                raise BadRequest("The idempotency key cannot be used.", "Idempotency-Key", "1 to 200 ASCII characters")
            digest = hashlib.sha256(
                b"\0".join([request.method.encode(), str(request.url).encode(), await request.body()])
            ).hexdigest()
            call = _Call(store, _caller(request), key, digest)
            with _on_its_way(call):
                kept = await to_thread.run_sync(call.kept)
                if kept is not None:
                    return _again(kept, digest)
                try:
                    response = await carry_out(request)
                except _CarriedOut as exc:
                    return _again(exc.kept, digest)
                if self._waits and response.status_code < 500:
                    await to_thread.run_sync(self._keep, call, response)
                return response

        return handler

    def _carry_out(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(endpoint)
        def carried_out(**values: Any) -> Any:
            call = _call.get()
            if call is None:
                return endpoint(**values)
            with together(call.store.database, call.begin) as parts:
                try:
                    answer = endpoint(**values)
                except _CarriedOut:
                    raise
                except BaseException:
                    if parts.begun:
                        call.forget()
                    raise
                if call.key is not None:
                    call.finish(*self._answer(answer, values.get("response")))
            return answer

        setattr(carried_out, _WHOLE, True)  # a router that is included makes its routes anew
        return carried_out

    def _answer(self, answer: Any, response: Response | None) -> tuple[int, dict[str, str], bytes | None]:
        """Status, headers and body, as they will be sent again."""
        status = self.status_code or 200
        if isinstance(answer, Response):
            status, headers, body = answer.status_code, dict(answer.headers), bytes(answer.body)
        else:
            headers = {} if answer is None else {"content-type": "application/json"}
            headers |= {} if response is None else dict(response.headers)
            body = b"" if answer is None else TypeAdapter(self.response_model).dump_json(answer, by_alias=True)
        if self._shows_secret:
            # What is shown once must not lie in the database for whoever reads it.
            return status, {}, None
        return status, {name: headers[name] for name in _ANSWERED_AGAIN if name in headers}, body

    def _keep(self, call: _Call, response: Response) -> None:
        with together(call.store.database, call.begin):
            call.finish(*self._answer(response, None))


@contextmanager
def _on_its_way(call: _Call) -> Iterator[None]:
    """Be the only one in this process who carries out this call.

    Raises:
        Conflict: another one does.
    """
    mine = None if call.key is None else (call.caller, call.key)
    if mine is not None:
        with _changing:
            if mine in _at_work:
                raise Conflict("The first call with this idempotency key is still at work.")
            _at_work.add(mine)
    token = _call.set(call)
    try:
        yield
    finally:
        _call.reset(token)
        if mine is not None:
            with _changing:
                _at_work.discard(mine)


def _caller(request: Request) -> str:
    """Whose key it is: a digest of what they sign in with, so that nobody meets another's answers."""
    sent = request.headers.get("authorization") or request.cookies.get(COOKIE) or ""
    return secret_digest(sent)[:32]


def _again(kept: Repeat, digest: str) -> Response:
    if kept.request != digest:
        raise BadRequest("This idempotency key was used for another request.", "Idempotency-Key", "a new key")
    if kept.status is None:
        raise Conflict(
            "This was carried out by the first call with this key, whose answer was lost with the server that gave it. "
            "Look at what is there."
        )
    if kept.body is None:
        raise Conflict("This was carried out by the first call with this key, and its secret was shown then.")
    return Response(kept.body, kept.status, headers={**(kept.headers or {}), "idempotency-replayed": "true"})
