"""Errors on the wire: one shape, and the one table that turns what went wrong into a status."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from fenlei.api.methods import Methods
from fenlei.api.wire.problems import ProblemOut
from fenlei.contract.errors import FenleiError
from fenlei.datasets.uploads import WrongOffset
from fenlei.pipelines.errors import NotRunnable
from fenlei.projects.roles import NotAllowed, NotSignedIn
from fenlei.projects.sign_in import TooManyFailures
from fenlei.store import Conflict, NotFound, Stale, StoreError

log = logging.getLogger(__name__)


class ErrorBody(BaseModel):
    """What is wrong."""

    type: str = Field(description="What kind of error it is; programs decide by this.", examples=["not-found"])
    message: str = Field(description="A sentence for people.", examples=["There is no data set ds_01hzy3."])
    field: str | None = Field(None, description="The part of the request that is wrong.", examples=["name"])
    allowed: str | None = Field(None, description="What would be right there.", examples=["1 to 200 characters"])
    request_id: str = Field(description="The server's log has more under it.", examples=["4f0c…"])
    problems: list[ProblemOut] | None = Field(
        None, description="With `not-runnable`: everything that is wrong with the graph; absent otherwise."
    )

    def said(self) -> dict[str, Any]:
        """As it is answered."""
        return self.model_dump(mode="json", exclude=set() if self.problems else {"problems"})


class ErrorAnswer(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorBody


class BadRequest(FenleiError):
    """The request cannot be understood.

    Attributes:
        field: the part that is wrong.
        allowed: what would be right.
    """

    def __init__(self, message: str, field: str | None = None, allowed: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.allowed = allowed


class TooLarge(BadRequest):
    """The body is larger than this address takes."""


class LengthNeeded(BadRequest):
    """The body has to say how long it is before it comes."""


class NotServed(FenleiError):
    """This server does not do that."""


class Busy(FenleiError):
    """This server does that, and has its hands full."""


# The first that fits decides, so the special stands before the general.
TABLE: list[tuple[type[Exception], int, str]] = [
    (NotSignedIn, 401, "not-signed-in"),
    (NotAllowed, 403, "not-allowed"),
    (NotFound, 404, "not-found"),
    (Stale, 412, "changed-meanwhile"),
    (Conflict, 409, "conflict"),
    (TooLarge, 413, "too-large"),
    (LengthNeeded, 411, "length-needed"),
    (BadRequest, 400, "bad-request"),
    (TooManyFailures, 429, "too-many-failures"),
    (StoreError, 503, "unavailable"),
    (NotServed, 503, "unavailable"),
    (Busy, 503, "busy"),
    (NotRunnable, 422, "not-runnable"),
    (FenleiError, 422, "not-possible"),
]

SLUGS = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "bad-request"}

SAID = {
    400: "The request cannot be understood.",
    401: "Nobody is signed in.",
    403: "This role may not do it.",
    404: "There is no such thing.",
    405: "This address does not take that method.",
    409: "It cannot be done in the present state.",
    411: "The length is missing.",
    412: "It was changed meanwhile.",
    413: "The body is too large.",
    422: "A value is not allowed.",
    429: "Too often.",
    500: "The server failed on its own account.",
    503: "The database or the blobs cannot be reached, or the server has its hands full.",
}


EXAMPLES: dict[int, tuple[str, str, str | None, str | None]] = {
    400: ("bad-request", "The body is not valid JSON.", None, None),
    401: ("not-signed-in", "Sign in first, or send an API token as `Authorization: Bearer …`.", None, None),
    403: ("not-allowed", "This needs the role editor; you are viewer.", None, None),
    404: ("not-found", "There is no data set ds_01m842snrh77bcervabfy582wn.", None, None),
    405: ("method-not-allowed", SAID[405], None, None),
    409: ("conflict", "There is already a data set 'Gestures'.", None, None),
    411: ("length-needed", "This needs the length of the file before the file.", "Content-Length", "a number of bytes"),
    412: ("changed-meanwhile", "The data set was changed meanwhile: revision 4, not 3.", None, None),
    413: ("too-large", "The body has 4194305 bytes; at most 4194304 are taken here.", None, None),
    422: ("invalid", "name: string should have at least 1 character.", "name", "min_length 1"),
    429: ("too-many-failures", "Too many failed attempts to sign in; try again in 4 seconds.", None, None),
    500: ("internal", "The server failed on its own account; its log has more under 4f0c….", None, None),
    503: ("busy", "2 models are being tried right now; ask again in a moment.", None, None),
}
"""What such an answer says, for example: type, message, field, allowed."""

HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "How to sign in.", "required": True, "schema": {"const": "Bearer"}}},
    409: {
        "Upload-Offset": {
            "description": "Where a piece must begin that began elsewhere.",
            "schema": {"type": "integer"},
        }
    },
    429: {"Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer", "minimum": 1}}},
    503: {"Retry-After": {"description": "Seconds, where it will pass.", "schema": {"type": "integer"}}},
}
"""What such an answer says besides."""


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for OpenAPI."""
    return {status: _documented(status) for status in sorted(statuses)}


def _documented(status: int) -> dict[str, Any]:
    slug, message, field, allowed = EXAMPLES[status]
    body = ErrorBody(type=slug, message=message, field=field, allowed=allowed, request_id="4f0c…", problems=None)
    said: dict[str, Any] = {
        "model": ErrorAnswer,
        "description": SAID[status],
        "content": {"application/json": {"example": {"error": body.said()}}},
    }
    return said | ({"headers": HEADERS[status]} if status in HEADERS else {})


def install(app: FastAPI) -> None:
    """Teach an application to answer errors in our shape."""
    app.add_exception_handler(FenleiError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _unknown)


def answer(
    request_id: str,
    status: int,
    slug: str,
    message: str,
    *,
    field: str | None = None,
    allowed: str | None = None,
    headers: dict[str, str] | None = None,
    problems: Sequence[Any] | None = None,
) -> JSONResponse:
    """An error answer."""
    told = None if problems is None else [ProblemOut.model_validate(each) for each in problems]
    body = ErrorBody(type=slug, message=message, field=field, allowed=allowed, request_id=request_id, problems=told)
    return JSONResponse({"error": body.said()}, status, headers=headers)


def request_id_of(request: Request) -> str:
    """The id of a request, given by the outermost layer."""
    return str(request.scope.get("fenlei.request_id", ""))


async def _known(request: Request, exc: Exception) -> JSONResponse:
    status, slug = next((status, slug) for kind, status, slug in TABLE if isinstance(exc, kind))
    headers = {}
    if isinstance(exc, TooManyFailures):
        headers["retry-after"] = str(exc.retry_after)
    if isinstance(exc, Busy):
        headers["retry-after"] = "5"
    if isinstance(exc, WrongOffset):
        headers["upload-offset"] = str(exc.wanted)
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if isinstance(exc, StoreError):
        log.error("store_unavailable", extra={"request_id": request_id_of(request), "error": str(exc)})
    return answer(
        request_id_of(request),
        status,
        slug,
        str(exc),
        field=getattr(exc, "field", None),
        allowed=getattr(exc, "allowed", None),
        headers=headers,
        problems=exc.problems if isinstance(exc, NotRunnable) else None,
    )


async def _invalid(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestValidationError)  # noqa: S101 (says the type to the checker; it is installed for this)
    if request.method not in (taken := _methods_at(request)):  # the last word of its path was taken for an id
        return answer(request_id_of(request), 405, SLUGS[405], SAID[405], headers={"allow": ", ".join(taken)})
    errors: Sequence[Any] = exc.errors()
    first = errors[0]
    where = [str(part) for part in first["loc"] if part not in {"body", "query", "path", "header", "cookie"}]
    field = ".".join(where) or None
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    if first["type"] == "json_invalid":
        return answer(request_id_of(request), 400, "bad-request", "The body is not valid JSON.")
    message = f"{field or 'The request'}: {str(first['msg'])[:1].lower()}{str(first['msg'])[1:]}{more}."
    context = first.get("ctx") or {}
    allowed = ", ".join(f"{name} {value}" for name, value in context.items() if name != "error") or None
    return answer(request_id_of(request), 422, "invalid", message, field=field, allowed=allowed)


async def _http(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, HTTPException)  # noqa: S101
    if isinstance(exc.__cause__, TooLarge):  # the framework takes it for a body that cannot be parsed
        return await _known(request, exc.__cause__)
    slug = SLUGS.get(exc.status_code, "bad-request")
    said = SAID.get(exc.status_code, str(exc.detail))
    headers = dict(exc.headers or {})
    if exc.status_code == 405 and (taken := _methods_at(request)):  # the framework knows those of one route only
        headers = {"allow": ", ".join(taken)}
    return answer(request_id_of(request), exc.status_code, slug, said, headers=headers)


def _methods_at(request: Request) -> list[str]:
    """What the address of a request takes."""
    methods: Methods = request.app.state.methods
    return methods.at(request.url.path)


async def _left(request: Request, exc: Exception) -> Response:
    return Response(status_code=499)  # to nobody; the caller has left while it was sending


async def _unknown(request: Request, exc: Exception) -> JSONResponse:
    request_id = request_id_of(request)
    log.error("api_failed", exc_info=exc, extra={"request_id": request_id, "path": request.url.path})
    return answer(
        request_id, 500, "internal", f"The server failed on its own account; its log has more under {request_id}."
    )
