"""Versions of data sets on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from fenlei.api.wire.base import EXAMPLE, By, Given, Note, Shown
from fenlei.datasets.diff import Kind, VersionDiff


class NewVersion(Given):
    """A version to make."""

    note: Note = ""


class VersionOut(Shown):
    """A data set as it was; never changed, named by the digest of its content."""

    id: str = Field(examples=[f"dv_{EXAMPLE}"])
    dataset_id: str = Field(examples=[f"ds_{EXAMPLE}"])
    number: int = Field(examples=[1])
    digest: str = Field(
        description="SHA-256 of its manifest.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    pictures: int = Field(examples=[21])
    counts: dict[str, Any] = Field(
        description="Pictures by class and part.",
        examples=[{"labels": {"cat": 12, "dog": 9}, "unlabelled": 0, "splits": {"train": 21}, "unsplit": 0}],
    )
    note: str = Field(examples=["Before the clean-up."])
    created_at: datetime
    created_by: By


class DifferenceOut(Shown):
    """One thing that happened to one picture."""

    kind: Kind
    name: str = Field(examples=["cat/1.jpg"])
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    before: str | None = Field(description="Its class, part or group, as the kind says.", examples=["cat"])
    after: str | None = Field(examples=["dog"])


class DiffPage(Shown):
    """What is different between two versions."""

    counts: dict[str, int] = Field(
        description="By kind, on all pages.",
        examples=[{"added": 3, "removed": 0, "relabelled": 1, "moved": 0, "regrouped": 0}],
    )
    labels_added: list[str] = Field(examples=[["bird"]])
    labels_removed: list[str] = Field(examples=[[]])
    labels_reordered: bool
    items: list[DifferenceOut]
    next: str | None = Field(
        description="Send it as `after` for the next page; null on the last one.", examples=["100"]
    )


def diff_page(found: VersionDiff, after: int | None, limit: int, kind: Kind | None) -> DiffPage:
    """A page of what is different."""
    rows, following = found.page(after, limit, kind)
    return DiffPage(
        counts=found.counts,
        labels_added=found.labels_added,
        labels_removed=found.labels_removed,
        labels_reordered=found.labels_reordered,
        items=[DifferenceOut.model_validate(row) for row in rows],
        next=None if following is None else str(following),
    )
