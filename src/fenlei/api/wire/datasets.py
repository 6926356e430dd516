"""Data sets on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from fenlei.api.wire.base import EXAMPLE, By, Given, Name, Note, Revision, Shown
from fenlei.store.datasets import Hanging
from fenlei.store.tables import Dataset

DatasetName = Annotated[Name, Field(description="No other data set has it.", examples=["Gestures"])]


class NewDataset(Given):
    """A data set to make."""

    name: DatasetName
    note: Note = ""


class DatasetChange(Given):
    """What to change of a data set; what is absent stays."""

    name: DatasetName | None = None
    note: Note | None = None


class DatasetOut(Shown):
    """A data set."""

    id: str = Field(examples=[f"ds_{EXAMPLE}"])
    name: str = Field(examples=["Gestures"])
    note: str = Field(examples=["Photographed in May."])
    revision: Revision
    pictures: int = Field(description="Without removed ones.", examples=[1797])
    created_at: datetime
    created_by: By
    updated_at: datetime


class Named(Shown):
    """Something, by its id and name."""

    id: str = Field(examples=[f"pr_{EXAMPLE}"])
    name: str = Field(examples=["Gestures on the door"])


class Numbered(Shown):
    """Something, by its id and number."""

    id: str = Field(examples=[f"dv_{EXAMPLE}"])
    number: int = Field(examples=[1])


class RunOfKind(Shown):
    """A run, by its id and kind."""

    id: str = Field(examples=[f"rn_{EXAMPLE}"])
    kind: str = Field(examples=["train"])


class DatasetHanging(Shown):
    """What would go, or lose its data set, with a data set."""

    pictures: int = Field(description="They go, removed ones included.", examples=[1797])
    versions: list[Numbered] = Field(description="They go.")
    model_versions: list[str] = Field(
        description="Ids of those that learned from it. They stay.", examples=[[f"mv_{EXAMPLE}"]]
    )
    projects: list[Named] = Field(description="They stay, without a data set.")
    runs: list[RunOfKind] = Field(description="Not finished; while there are any but checks, it cannot be deleted.")
    imports: list[str] = Field(description="Ids of those that are not finished. They go.", examples=[[f"im_{EXAMPLE}"]])


def dataset_out(row: Dataset, pictures: int) -> DatasetOut:
    """A data set as it is answered."""
    return DatasetOut(
        id=row.id,
        name=row.name,
        note=row.note,
        revision=row.revision,
        pictures=pictures,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
    )


def hanging_out(hanging: Hanging) -> DatasetHanging:
    """What hangs on a data set, as it is answered."""
    return DatasetHanging(
        pictures=hanging.pictures,
        versions=[Numbered(id=each, number=number) for each, number in hanging.versions],
        model_versions=list(hanging.model_versions),
        projects=[Named(id=each, name=name) for each, name in hanging.projects],
        runs=[RunOfKind(id=each, kind=kind) for each, kind in hanging.runs],
        imports=list(hanging.imports),
    )
