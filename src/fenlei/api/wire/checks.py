"""Checks of data sets and what they found on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field

from fenlei.api.wire.base import Given, Shown
from fenlei.api.wire.pictures import Check, OutcomeOut

CheckName = Annotated[str, Path(min_length=1, max_length=24, pattern="^[a-z-]+$", examples=["near-duplicates"])]


class ChecksWish(Given):
    """Checks to ask."""

    checks: Annotated[list[Check], Field(min_length=1, max_length=50)] | None = Field(
        None, description="null: all of them.", examples=[["exact-duplicates", "blank"]]
    )


class CheckOut(Shown):
    """Where a check stands."""

    check: str = Field(examples=["near-duplicates"])
    found: int | None = Field(description="Open findings; null where it was never asked.", examples=[4])
    at: datetime | None = Field(description="When it was last asked.")
    revision: int | None = Field(description="Of the data set, as it was then.", examples=[7])
    stale: bool = Field(description="Whether the data set was changed since.")
    advice: str = Field(
        description="What the fix does, and what a person can do.", examples=["Keeps one picture of each."]
    )


class FindingOut(Shown):
    """Something a check has to say."""

    id: int = Field(examples=[1])
    check: str = Field(examples=["near-duplicates"])
    picture_id: int | None = Field(description="null where it is about the data set.", examples=[4711])
    cluster: int | None = Field(description="Pictures with the same number belong together.", examples=[0])
    detail: dict[str, Any] = Field(examples=[{}])


class FixedOut(OutcomeOut):
    """What a fix has done."""

    left: int = Field(description="Clusters that a person must decide about; nothing was done there.", examples=[0])
