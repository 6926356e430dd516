"""Revisions on the wire: `ETag` out, `If-Match` in."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Response


def _expected(
    if_match: Annotated[
        str | None,
        Header(
            pattern=r'^(\*|(W/)?"?[0-9]{1,9}"?)$',
            description="The `ETag` that was read; another one now is answered 412.",
            examples=['"3"'],
        ),
    ] = None,
) -> int | None:
    if if_match is None or if_match == "*":
        return None
    return int(if_match.removeprefix("W/").strip('"'))


Expected = Annotated[int | None, Depends(_expected)]
"""The revision that the caller saw, as an argument of a route."""


def tag(response: Response, revision: int) -> None:
    """Say which revision this is."""
    response.headers["etag"] = f'"{revision}"'
