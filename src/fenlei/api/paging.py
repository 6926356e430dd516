"""Pages of a list: a cursor in, a cursor out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

T = TypeVar("T")

MOST = 500

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items at most.")]
After = Annotated[
    str | None, Query(min_length=1, max_length=64, pattern="^[0-9A-Za-z_-]+$", description="`next` of the page before.")
]
AfterNumber = Annotated[int | None, Query(ge=1, lt=2**62, description="`next` of the page before.")]
AfterPlace = Annotated[int | None, Query(ge=1, lt=2**31, description="`next` of the page before.")]
"""A cursor that counts within something, which the database keeps in half as many bits."""


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(
        None,
        description="Send it as `after` for the next page; null on the last one.",
        examples=["ds_01m842snrh77bcervabfy582wn"],
    )


def page(found: tuple[Sequence[Any], Any], wire: Callable[[Any], T]) -> Page[T]:
    """A page as the store gives it: rows, and the cursor of the next one."""
    rows, cursor = found
    return Page[Any](items=[wire(row) for row in rows], next=None if cursor is None else str(cursor))


def page_of(rows: Sequence[Any], limit: int, wire: Callable[[Any], T], cursor: Callable[[Any], Any]) -> Page[T]:
    """A page of rows that were asked for with `limit + 1`: the one too many tells that there is more."""
    shown = rows[:limit]
    return Page[Any](
        items=[wire(row) for row in shown], next=str(cursor(shown[-1])) if len(rows) > limit and shown else None
    )
