"""Two trainings side by side, as typed records."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class ComparedRun(Struct, frozen=True):
    """One of two trainings."""

    id: str
    number: int
    project_id: str | None
    state: str
    created_at: datetime
    finished_at: datetime | None
    seconds: float | None
    model_version_id: str | None
    number_of_version: int | None
    pictures: dict[str, int] | None


class ComparedValue(Struct, frozen=True):
    """A setting that differs."""

    name: str
    a: Any
    b: Any


class ComparedVersion(Struct, frozen=True):
    """The version of a data set that a training learned from."""

    id: str
    dataset_id: str
    number: int
    digest: str
    pictures: int
    counts: dict[str, Any]


class ComparedData(Struct, frozen=True):
    """What both learned from; a version is None when its data set is gone."""

    a: ComparedVersion | None
    b: ComparedVersion | None
    same: bool
    same_data_set: bool
    counts: dict[str, int] | None
    labels_added: list[str]
    labels_removed: list[str]
    labels_reordered: bool


class ComparedFigure(Struct, frozen=True):
    """A figure of both evaluations, with its 95 % intervals where it has some."""

    name: str
    a: float | None
    b: float | None
    difference: float | None
    interval_a: list[float] | None = None
    interval_b: list[float] | None = None
    intervals_overlap: bool | None = None


class ComparedClass(Struct, frozen=True):
    """A class, as each of them knows it."""

    label: str
    a: dict[str, Any] | None
    b: dict[str, Any] | None
    difference: float | None


class Comparison(Struct, frozen=True):
    """Two trainings: settings and recipe where they differ, data, figures, classes with the greatest loss first."""

    runs: list[ComparedRun]
    settings: list[ComparedValue]
    recipe: list[ComparedValue]
    data: ComparedData
    same_test: bool
    figures: list[ComparedFigure]
    classes: list[ComparedClass]
