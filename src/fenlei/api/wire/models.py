"""Models and their versions on the wire."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Base64Bytes, ConfigDict, Field

from fenlei.api.wire.base import (
    EXAMPLE,
    NO_NUL,
    AModelId,
    APictureId,
    By,
    Given,
    Name,
    Note,
    Revision,
    Shown,
    id_shape,
)
from fenlei.projects.model_versions import Stage
from fenlei.projects.naming import MOST_TAG_CHARS, MOST_TAGS
from fenlei.serving.explain import Explanation
from fenlei.store.tables import Model, ModelVersion

ModelName = Annotated[Name, Field(description="No other model has it.", examples=["Gestures"])]
Tags = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=MOST_TAG_CHARS, pattern=NO_NUL)]],
    Field(max_length=MOST_TAGS, examples=[["night shots"]]),
]
Text200 = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class ModelOut(Shown):
    """A name under which versions are kept."""

    id: str = Field(examples=[f"md_{EXAMPLE}"])
    name: str = Field(examples=["Gestures"])
    project_id: str | None = Field(examples=[f"pr_{EXAMPLE}"])
    note: str = Field(examples=[""])
    latest: ModelVersionOut | None = Field(None, description="The version with the highest number.")
    revision: Revision
    created_at: datetime
    created_by: By


class ModelVersionOut(Shown):
    """One model file, with where it came from and what it is worth."""

    id: str = Field(examples=[f"mv_{EXAMPLE}"])
    model_id: str = Field(examples=[f"md_{EXAMPLE}"])
    number: int = Field(examples=[1])
    sha256: str = Field(
        description="Of the model file.", examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
    )
    bytes: int = Field(examples=[15_000_000])
    origin: str = Field(description="run, upload or onnx.", examples=["run"])
    run_id: str | None = Field(examples=[f"rn_{EXAMPLE}"])
    dataset_version_id: str | None = Field(examples=[f"dv_{EXAMPLE}"])
    labels: list[str] = Field(examples=[["cat", "dog"]])
    metrics: dict[str, Any] | None = Field(
        description="Of its evaluation, on pictures that nothing else saw.", examples=[{"accuracy": 0.97}]
    )
    lineage: dict[str, Any] = Field(
        description="Data set version, recipe, seed, code version.", examples=[{"seed": 0, "fenlei": "0.1.0"}]
    )
    note: str = Field(examples=[""])
    tags: list[str] = Field(examples=[["night shots"]])
    stage: str = Field(description="candidate, production, retired, or empty.", examples=["candidate"])
    revision: Revision
    created_at: datetime
    created_by: By


class NewModel(Given):
    """A model to make, without versions."""

    name: ModelName
    note: Note = ""


class ModelChange(Given):
    """What to change of a model; what is absent stays."""

    name: ModelName | None = None
    note: Note | None = None


class ModelVersionChange(Given):
    """What to say of a model version; what is absent stays."""

    note: Note | None = None
    tags: Tags | None = None
    stage: Stage | None = None


class ParkedOut(Shown):
    """A file that was sent and waits to become a model version; kept for a day."""

    id: str = Field(examples=[f"mf_{EXAMPLE}"])
    size: int = Field(examples=[15_000_000])
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])


class DeclarationIn(Given):
    """What nobody can read off an ONNX file. A grey level 0-255 of a channel becomes `(level × scale - mean) / std`."""

    labels: Annotated[list[Text200], Field(min_length=2, max_length=4000)] = Field(
        description="In the order of the network's outputs.", examples=[["cat", "dog"]]
    )
    size: int = Field(ge=16, le=2048, description="Side of its square input in pixels.", examples=[224])
    mean: Annotated[list[Finite], Field(min_length=3, max_length=3)] = Field(examples=[[0.485, 0.456, 0.406]])
    std: Annotated[list[Annotated[float, Field(gt=0, allow_inf_nan=False)]], Field(min_length=3, max_length=3)] = Field(
        examples=[[0.229, 0.224, 0.225]]
    )
    outputs: Literal["logits", "probabilities"]
    scale: float = Field(1 / 255, gt=0, allow_inf_nan=False, examples=[0.00392157])
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    channels: Literal["RGB", "BGR"] = "RGB"
    resize: Literal["squash", "letterbox", "crop"] = "squash"
    fill: int = Field(127, ge=0, le=255, description="Grey level of letterbox bars.")
    output: Text200 | None = Field(None, description="Which output gives the scores, where there are several.")
    licence: str = Field("not stated", max_length=200, pattern=NO_NUL)


class SamplePicture(Given):
    """A picture to try a network on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"picture_id": 4711}]})

    picture_id: APictureId | None = Field(None, description="A picture of a data set; its class is what is expected.")
    data: Base64Bytes | None = Field(None, description="Or a JPEG or PNG file, in base64.", examples=["/9j/4AAQ"])
    label: Text200 | None = Field(None, description="What the network must call it; null: anything.", examples=["cat"])


class OnnxTrial(Given):
    """A foreign ONNX classifier to try."""

    file: Annotated[str, Field(pattern=id_shape("mf"), examples=[f"mf_{EXAMPLE}"])]
    declaration: DeclarationIn
    samples: Annotated[list[SamplePicture], Field(max_length=50)] = Field(default_factory=list)


class NewModelVersion(Given):
    """A file that becomes a version of a model: a model file of Fenlei, or an ONNX file with what is declared of it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"file": f"mf_{EXAMPLE}", "name": "Gestures", "tags": ["night shots"]}]}
    )

    file: Annotated[str, Field(pattern=id_shape("mf"), examples=[f"mf_{EXAMPLE}"])]
    name: Name | None = Field(
        None, description="Of the model it becomes a version of; a new one where there is none.", examples=["Gestures"]
    )
    model_id: AModelId | None = Field(None, description="Of that model, in place of its name.")
    note: Note = ""
    tags: Tags = Field(default_factory=list)
    declaration: DeclarationIn | None = Field(None, description="Of an ONNX file; null for a model file.")
    samples: Annotated[list[SamplePicture], Field(max_length=50)] = Field(
        default_factory=list, description="Pictures to try an ONNX file on."
    )


class ExplainedOut(Shown):
    """What a model says of a picture, and which parts of the picture that rests on."""

    label: str = Field(description="The class that is explained.", examples=["cat"])
    answer: str = Field(description="What the picture is called.", examples=["cat"])
    scores: dict[str, float] = Field(examples=[{"cat": 0.9, "dog": 0.1}])
    map: str = Field(
        description="A PNG in base64: the picture, warm where it speaks for the class, blue where against it.",
        examples=["iVBORw0K"],
    )
    cells: list[list[float]] = Field(
        description="The same as 16 rows of 16 numbers: by how much the logarithm of the class's odds falls when that "
        "place is covered.",
        examples=[[[0.1, 2.5], [0.0, -0.2]]],
    )


class TrialOut(Shown):
    """What a network said about the samples."""

    answers: list[dict[str, float]] = Field(
        description="The scores of every sample, by label.", examples=[[{"cat": 0.9, "dog": 0.1}]]
    )


class AcceptedOut(TrialOut):
    """A model version that was made of a file."""

    version: ModelVersionOut


def explained_out(found: Explanation) -> ExplainedOut:
    """An explanation as it is answered."""
    return ExplainedOut(
        label=found.label,
        answer=found.answer,
        scores=found.scores,
        map=base64.b64encode(found.png).decode(),
        cells=found.cells(),
    )


def model_out(row: Model, latest: ModelVersion | None) -> ModelOut:
    """A model as it is answered."""
    out = ModelOut.model_validate(row)
    out.latest = None if latest is None else ModelVersionOut.model_validate(latest)
    return out
