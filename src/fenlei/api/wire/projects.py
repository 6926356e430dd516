"""Projects on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from fenlei.api.wire.base import (
    EXAMPLE,
    NO_NUL,
    ADatasetId,
    AModelVersionId,
    AVersionId,
    By,
    Given,
    Name,
    Note,
    Revision,
    Shown,
)
from fenlei.api.wire.datasets import Named, Numbered
from fenlei.projects.projects import ProjectKind
from fenlei.projects.training_settings import MOST_SECONDS, MOST_SEED
from fenlei.store.projects import ProjectHanging

ProjectName = Annotated[Name, Field(description="No other project has it.", examples=["Gestures on the door"])]
Seconds = Annotated[float, Field(gt=0, le=MOST_SECONDS, allow_inf_nan=False, examples=[60])]

Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Price = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Cost = tuple[Price, Price]


class Training(Given):
    """How a model is learned; what is absent has its default, or the project's."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"goal": "balanced", "budget": 60, "seed": 0}]})

    goal: Literal["fast", "balanced", "accurate"] | None = Field(
        None,
        description="What matters most. With a budget, a model may take at most 1.5, 5 or 16 times as long to answer "
        "as the quickest network, as measured where it trains.",
    )
    aim: Literal["accuracy", "balanced accuracy", "macro-F1"] | None = Field(
        None, description="The figure to raise; null lets the sizes of the classes decide.", examples=["macro-F1"]
    )
    budget: Seconds | None = Field(
        None,
        description="Seconds in all; null tries what the goal asks for. What earlier runs found out for the same "
        "pictures, seed and aim counts: a larger budget goes on where they ended.",
    )
    time_limit: Seconds | None = Field(None, description="Seconds after which the run is stopped and has failed.")
    seed: int | None = Field(None, ge=0, le=MOST_SEED, examples=[0])
    test_fraction: float | None = Field(
        None, ge=0.05, le=0.5, allow_inf_nan=False, description="Held out for the figures.", examples=[0.2]
    )
    backbone: str | None = Field(
        None,
        max_length=200,
        pattern=NO_NUL,
        description="This one only; null lets the goal choose.",
        examples=["efficientnet-lite0"],
    )
    size: int | None = Field(None, ge=32, le=1024, description="Side of its input in pixels.", examples=[224])
    policy: Literal["squash", "letterbox", "crop"] | None = Field(
        None, description="How a picture of another shape becomes the network's square."
    )
    drawn_parity: bool | None = Field(None, description="Let no picture of the data set travel in the model file.")
    since: AModelVersionId | None = Field(
        None, description="Go on from this model version: what judged it judges the new one too, and both are compared."
    )
    rebuild: AModelVersionId | None = Field(
        None, description="Make this model version again, without a search, in place of learning by other settings."
    )
    false_rejects: float | None = Field(
        None,
        gt=0,
        le=0.5,
        allow_inf_nan=False,
        description="Share of pictures of known classes that the rule for unknown ones may call unknown.",
        examples=[0.05],
    )
    precision: Share | dict[str, Share] | None = Field(
        None,
        description="Share of answers that shall be right, of all classes or of each class named: chooses thresholds, "
        "which count where a deployment decides by them. Not beside `cost`.",
        examples=[0.95],
    )
    cost: Cost | dict[str, Cost] | None = Field(
        None,
        description="What a wrong answer and a missed picture cost, of all classes or of each class named: chooses "
        "thresholds too.",
        examples=[[1, 10]],
    )
    fine_tune: bool | None = Field(
        None, description="With a budget that suffices, train the network itself too; true where nothing is said."
    )

    def said(self) -> dict[str, Any]:
        """What was said, and no more."""
        said = self.model_dump(exclude_unset=True)
        # null means "as it would be without" where the setting itself has no null.
        return {
            name: value
            for name, value in said.items()
            if value is not None
            or name in {"aim", "budget", "time_limit", "backbone", "size", "policy", "precision", "cost"}
        }


class NewProject(Given):
    """A project to make."""

    name: ProjectName
    kind: ProjectKind = ProjectKind.AUTOMATED
    dataset_id: ADatasetId | None = Field(None, description="The data set it works on; may be chosen later.")
    settings: Training | None = None
    note: Note = ""


class ProjectChange(Given):
    """What to change of a project; what is absent stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"settings": {"goal": "accurate", "budget": 600}, "note": "For the night."}]}
    )

    name: ProjectName | None = None
    dataset_id: ADatasetId | None = Field(None, description="null: none.")
    settings: Training | None = Field(None, description="All of them, anew.")
    note: Note | None = None
    archived: bool | None = Field(None, description="Out of sight, or back; alone in its call.")


class ProjectClone(Given):
    """A project like another."""

    name: ProjectName | None = Field(None, description="null: the old one's with a number behind it.")


class ProjectOut(Shown):
    """A project."""

    id: str = Field(examples=[f"pr_{EXAMPLE}"])
    name: str = Field(examples=["Gestures on the door"])
    kind: ProjectKind
    note: str = Field(examples=[""])
    dataset_id: str | None = Field(examples=[f"ds_{EXAMPLE}"])
    settings: dict[str, Any] = Field(examples=[{"goal": "balanced", "budget": 60}])
    revision: Revision
    created_at: datetime
    created_by: By
    updated_at: datetime
    archived_at: datetime | None


class ModelOfProject(Shown):
    """A model, by its id and name."""

    id: str = Field(examples=[f"md_{EXAMPLE}"])
    name: str = Field(examples=["Gestures on the door"])
    versions: int = Field(examples=[3])


class ProjectHangingOut(Shown):
    """What would go, or lose its project, with a project."""

    runs: int = Field(description="They go.", examples=[3])
    unfinished: list[Numbered] = Field(description="Runs; while there are any, it can neither go nor be put away.")
    models: list[ModelOfProject] = Field(description="They stay, without a project.")
    deployments: list[Named] = Field(description="They stay, and go on answering.")


class NewTraining(Given):
    """A model to learn."""

    dataset_version_id: AVersionId | None = Field(
        None, description="What to learn from; null keeps the data set as it is now as a version, and takes that."
    )
    settings: Training | None = Field(None, description="What differs from the project's for this run.")
    priority: int = Field(0, ge=-100, le=100, description="Greater ones go first.")


def project_hanging_out(hanging: ProjectHanging) -> ProjectHangingOut:
    """What hangs on a project, as it is answered."""
    return ProjectHangingOut(
        runs=hanging.runs,
        unfinished=[Numbered(id=each, number=number) for each, number in hanging.unfinished],
        models=[ModelOfProject(id=each, name=name, versions=count) for each, name, count in hanging.models],
        deployments=[Named(id=each, name=name) for each, name in hanging.deployments],
    )
