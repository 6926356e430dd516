"""Templates of graphs on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from pydantic import Field

from fenlei.api.wire.base import NO_NUL, ADatasetId, Given, Shown
from fenlei.api.wire.graphs import DrawnGraph
from fenlei.api.wire.node_types import WordsOut
from fenlei.api.wire.projects import ProjectName

TemplateName = Annotated[str, Path(min_length=1, max_length=100, pattern=NO_NUL, examples=["quick-classifier"])]


class TemplateOut(Shown):
    """A graph to begin with: nothing but the source of the pictures is to be filled in."""

    name: str = Field(examples=["quick-classifier"])
    title: WordsOut
    help: WordsOut = Field(description="When it is the right one, and what it does.")
    graph: DrawnGraph = Field(description="With a folder as the source of the pictures.")


class ProjectOfTemplate(Given):
    """A canvas project to make of a template."""

    name: ProjectName
    dataset_id: ADatasetId = Field(description="Whose pictures it reads.")
    version: int | None = Field(
        None, ge=1, lt=2**31, description="Number of a version of it; null: as it is whenever the graph runs."
    )
    publish: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)] | None = Field(
        None, description="Under which name its model is published; null: it is not.", examples=["gestures"]
    )
    language: Literal["en", "zh"] = Field("en", description="Of the graph's name and note.")
