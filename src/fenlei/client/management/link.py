"""One connection to a platform: requests out, records or errors back, tried again where that is safe."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from fenlei.client.management.errors import BY_STATUS, PlatformError, ServerFailed, TryLater, Unreachable
from fenlei.client.management.graph_records import Problem
from fenlei.client.target import BadTarget

R = TypeVar("R")

PREFIX = "/api/v1"
PAUSES = (0.2, 1.0, 3.0)
"""Seconds before each further attempt."""

_TRY_AGAIN = {502, 503, 504}
CONNECT_SECONDS = 10.0
LONG = 600.0
"""Seconds of silence in which a server may be at work: it loads a model and runs pictures through it."""
CHUNK = 1024 * 1024


class Link:
    """Calls the management API. Safe from many threads.

    Reading calls, and creating ones, which carry an idempotency key, are tried again when the connection broke or the
    server said that it would answer in a moment. Other calls are not: they may have been carried out.
    """

    def __init__(self, url: str, token: str | None, timeout: float) -> None:
        parts = urlsplit(url.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise BadTarget(f"{url!r} is no address of a Fenlei platform; give one such as http://127.0.0.1:8000.")
        if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
            raise BadTarget("The token is empty or has characters that no token has; give it as it was shown.")
        self.base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix(PREFIX)}"
        headers = {"accept": "application/json", "user-agent": "fenlei-platform"}
        if token is not None:
            headers["authorization"] = f"Bearer {token.strip()}"
        local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        self._http = httpx.Client(base_url=self.base + PREFIX, headers=headers, timeout=timeout, trust_env=not local)

    def get(self, path: str, kind: type[R], /, **query: Any) -> R:
        """Read something."""
        return self._decoded(self.send("GET", path, query=query), kind)

    def post(
        self,
        path: str,
        kind: type[R],
        body: Any = None,
        /,
        *,
        revision: int | None = None,
        timeout: float | None = None,
        **query: Any,
    ) -> R:
        """Make or do something; carried out once, however often it is sent. `timeout` seconds may pass in silence."""
        headers = {"idempotency-key": secrets.token_hex(16)} | _match(revision)
        return self._decoded(self.send("POST", path, body, query=query, headers=headers, timeout=timeout), kind)

    def put(self, path: str, kind: type[R], body: Any = None, /, *, revision: int | None = None, **query: Any) -> R:
        """Set something."""
        return self._decoded(self.send("PUT", path, body, query=query, headers=_match(revision)), kind)

    def patch(self, path: str, kind: type[R], body: Any, /, *, revision: int | None = None) -> R:
        """Change something."""
        return self._decoded(self.send("PATCH", path, body, headers=_match(revision)), kind)

    def delete(self, path: str, *, revision: int | None = None, **query: Any) -> None:
        """Remove something."""
        self.send("DELETE", path, query=query, headers=_match(revision))

    def pages(self, path: str, kind: type[R], /, **query: Any) -> Iterator[R]:
        """Every item of a list, page after page as they are asked for."""
        after: str | None = None
        while True:
            page = self.get(path, dict[str, Any], after=after, **query)
            yield from (msgspec.convert(item, kind, strict=False) for item in page["items"])
            after = page.get("next")
            if after is None:
                return

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        """One call, with its further attempts.

        Raises:
            PlatformError: it was not carried out; see the family.
        """
        headers = dict(headers or {})
        if body is not None:
            content = msgspec.json.encode(body)
            headers["content-type"] = "application/json"
        repeatable = method in {"GET", "HEAD"} or "idempotency-key" in headers
        params = {name: _said(value) for name, value in (query or {}).items() if value is not None}
        patience = httpx.USE_CLIENT_DEFAULT if timeout is None else httpx.Timeout(CONNECT_SECONDS, read=timeout)
        for pause in (*PAUSES, None):
            try:
                response = self._http.request(
                    method, path, params=params, headers=headers, content=content, timeout=patience
                )
            except httpx.HTTPError as error:
                if not repeatable or pause is None:
                    raise self._unreachable(error) from error
            else:
                if response.is_success:
                    return response
                if not repeatable or pause is None or response.status_code not in _TRY_AGAIN:
                    raise error_of(response, self.base)
            time.sleep(pause)
        raise AssertionError("the last attempt either returns or raises")

    def send_body(self, method: str, path: str, file: Path) -> dict[str, Any]:
        """Send a file as the body of one call.

        Raises:
            PlatformError: it was not taken.
            OSError: it cannot be read.
        """
        with file.open("rb") as body:
            try:
                response = self._http.request(
                    method, path, content=iter(lambda: body.read(CHUNK), b""), timeout=httpx.Timeout(60, read=600)
                )
            except httpx.HTTPError as error:
                raise self._unreachable(error) from error
        if not response.is_success:
            raise error_of(response, self.base)
        found: dict[str, Any] = self._decoded(response, dict[str, Any])
        return found

    def download(self, path: str, target: Path, *, timeout: float = 60.0, **query: Any) -> Path:
        """Save an answer as a file, which is there whole or not at all; `timeout` seconds may pass in silence."""
        beside = target.with_name(f".{target.name}.part")
        params = {name: _said(value) for name, value in query.items() if value is not None}
        try:
            with self._http.stream("GET", path, params=params, timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                    raise error_of(response, self.base)
                with beside.open("wb") as file:
                    for piece in response.iter_bytes(CHUNK):
                        file.write(piece)
            beside.replace(target)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        finally:
            beside.unlink(missing_ok=True)
        return target

    def lines(self, path: str, **query: Any) -> Iterator[str]:
        """The lines of a streamed answer, as they come."""
        try:
            with self._http.stream(
                "GET", path, params=query, headers={"accept": "text/event-stream"}, timeout=httpx.Timeout(10, read=60)
            ) as response:
                if not response.is_success:
                    response.read()
                    raise error_of(response, self.base)
                yield from response.iter_lines()
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _decoded(self, response: httpx.Response, kind: type[R]) -> R:
        if kind is type(None):
            return None
        try:
            return msgspec.json.decode(response.content, type=kind, strict=False)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Unreachable(
                f"{self.base} answered something that this version of Fenlei does not read ({error}).",
                status=response.status_code,
            ) from error

    def _unreachable(self, error: httpx.HTTPError) -> Unreachable:
        return Unreachable(
            f"{self.base} does not answer ({error or type(error).__name__}); is `fenlei up` running there?"
        )


def error_of(response: httpx.Response, base: str) -> PlatformError:
    """The error that an answer tells of."""
    kind = BY_STATUS.get(response.status_code, ServerFailed if response.status_code >= 500 else PlatformError)
    try:
        told = response.json()["error"]
        error = kind(
            str(told["message"]),
            status=response.status_code,
            type=str(told["type"]),
            field=told.get("field"),
            allowed=told.get("allowed"),
            request_id=str(told.get("request_id", "")),
            problems=msgspec.convert(told.get("problems") or [], list[Problem]),
        )
    except (ValueError, KeyError, TypeError, msgspec.ValidationError):
        return Unreachable(
            f"{base} answered HTTP {response.status_code}, and not as a Fenlei platform does; check the address.",
            status=response.status_code,
        )
    if isinstance(error, TryLater):
        after = response.headers.get("retry-after", "")
        error.retry_after = float(after) if after.isdigit() else None
    return error


def _match(revision: int | None) -> dict[str, str]:
    return {} if revision is None else {"if-match": f'"{revision}"'}


def _said(value: Any) -> Any:
    """A query value as it is written in a URL."""
    return str(value).lower() if isinstance(value, bool) else value
