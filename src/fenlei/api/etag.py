"""Revisions on the wire: `ETag` out, `If-Match` in."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Response

from fenlei.api.errors import BadRequest


def _expected(
    if_match: Annotated[
        str | None, Header(description="The `ETag` that was read; another one now is answered 412.")
    ] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadRequest("If-Match is not an ETag of this server.", "If-Match", 'the ETag as it was sent, such as "3"')
    return int(text)


Expected = Annotated[int | None, Depends(_expected)]
"""The revision that the caller saw, as an argument of a route."""


def tag(response: Response, revision: int) -> None:
    """Say which revision this is."""
    response.headers["etag"] = f'"{revision}"'
