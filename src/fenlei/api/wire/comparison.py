"""Two trainings side by side on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from fenlei.api.wire.base import EXAMPLE, Shown


class ComparedRun(Shown):
    """One of the two runs."""

    id: str = Field(examples=[f"rn_{EXAMPLE}"])
    number: int = Field(examples=[3])
    project_id: str | None = Field(examples=[f"pr_{EXAMPLE}"])
    state: str = Field(examples=["done"])
    created_at: datetime
    finished_at: datetime | None
    seconds: float | None = Field(description="From its beginning to its end.", examples=[12.5])
    model_version_id: str | None = Field(examples=[f"mv_{EXAMPLE}"])
    number_of_version: int | None = Field(examples=[2])
    pictures: dict[str, int] | None = Field(examples=[{"train": 1437, "test": 360, "skipped": 0}])


class ComparedValue(Shown):
    """Something that differs."""

    name: str = Field(examples=["goal"])
    a: Any = Field(examples=["fast"])
    b: Any = Field(examples=["balanced"])


class ComparedVersion(Shown):
    """What one of them learned from."""

    id: str = Field(examples=[f"dv_{EXAMPLE}"])
    dataset_id: str = Field(examples=[f"ds_{EXAMPLE}"])
    number: int = Field(examples=[1])
    digest: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    pictures: int = Field(examples=[1797])
    counts: dict[str, Any] = Field(examples=[{"labels": {"cat": 12, "dog": 9}}])


class ComparedData(Shown):
    """What they learned from; a version is null when its data set is gone."""

    a: ComparedVersion | None
    b: ComparedVersion | None
    same: bool = Field(description="Whether both are the same content.")
    same_data_set: bool
    counts: dict[str, int] | None = Field(description="Differences by kind.", examples=[{"added": 3, "removed": 0}])
    labels_added: list[str] = Field(examples=[["bird"]])
    labels_removed: list[str] = Field(examples=[[]])
    labels_reordered: bool


class ComparedFigure(Shown):
    """A figure of the evaluation."""

    name: str = Field(examples=["accuracy"])
    a: float | None = Field(examples=[0.95])
    b: float | None = Field(examples=[0.97])
    difference: float | None = Field(description="b - a.", examples=[0.02])
    interval_a: list[float] | None = Field(None, description="95 %, of the accuracy.", examples=[[0.92, 0.97]])
    interval_b: list[float] | None = Field(None, examples=[[0.95, 0.98]])
    intervals_overlap: bool | None = None


class ComparedClass(Shown):
    """A class, as each of them knows it."""

    label: str = Field(examples=["cat"])
    a: dict[str, Any] | None = Field(examples=[{"label": "cat", "f1": 0.9}])
    b: dict[str, Any] | None = Field(examples=[{"label": "cat", "f1": 0.93}])
    difference: float | None = Field(description="Of F1, b - a.", examples=[0.03])


class Comparison(Shown):
    """Two trainings side by side."""

    runs: list[ComparedRun]
    settings: list[ComparedValue] = Field(description="Those that differ.")
    recipe: list[ComparedValue] = Field(description="What came of them, where it differs.")
    data: ComparedData
    same_test: bool = Field(description="Whether the same pictures judged both, so that small differences count.")
    figures: list[ComparedFigure]
    classes: list[ComparedClass] = Field(description="Those that lost most first.")
