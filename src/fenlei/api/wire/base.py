"""What the models of all nouns share: what comes in is strict, what goes out is read from rows, ids have shapes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

NO_NUL = r"^[^\x00]*$"
"""Every text but one with a NUL, which PostgreSQL cannot keep."""

EXAMPLE = "01m842snrh77bcervabfy582wn"

SHA256 = "^[0-9a-f]{64}$"

MOST_NUMBER = 2**62
"""Above every number that a database gives to a row."""


class Given(BaseModel):
    """What a caller sends. A field that is not known is an error, so that a slip of the pen is told."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """What is answered."""

    model_config = ConfigDict(from_attributes=True)


def id_shape(prefix: str) -> str:
    """The pattern of ids with this prefix."""
    return f"^{prefix}_[0-9a-z]{{26}}$"


def _path(prefix: str) -> Any:
    return Path(pattern=id_shape(prefix), examples=[f"{prefix}_{EXAMPLE}"])


def _field(prefix: str) -> Any:
    return Field(pattern=id_shape(prefix), examples=[f"{prefix}_{EXAMPLE}"])


def _query(prefix: str) -> Any:
    return Query(pattern=id_shape(prefix), examples=[f"{prefix}_{EXAMPLE}"])


# In paths
DatasetId = Annotated[str, _path("ds")]
ImportId = Annotated[str, _path("im")]
UploadId = Annotated[str, _path("up")]
LabelId = Annotated[str, _path("lb")]
VersionId = Annotated[str, _path("dv")]
ProjectId = Annotated[str, _path("pr")]
RunId = Annotated[str, _path("rn")]
ModelId = Annotated[str, _path("md")]
ModelVersionId = Annotated[str, _path("mv")]
DeploymentId = Annotated[str, _path("dp")]
KeyId = Annotated[str, _path("ak")]
PictureId = Annotated[int, Path(ge=1, lt=MOST_NUMBER, examples=[4711])]

# In bodies
ADatasetId = Annotated[str, _field("ds")]
ALabelId = Annotated[str, _field("lb")]
AVersionId = Annotated[str, _field("dv")]
AProjectId = Annotated[str, _field("pr")]
AModelId = Annotated[str, _field("md")]
AModelVersionId = Annotated[str, _field("mv")]
APictureId = Annotated[int, Field(ge=1, lt=MOST_NUMBER, examples=[4711])]

# In queries
OfDataset = Annotated[str | None, _query("ds")]
OfLabel = Annotated[str | None, _query("lb")]
OfProject = Annotated[str | None, _query("pr")]
OfModel = Annotated[str | None, _query("md")]

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
Note = Annotated[str, Field(max_length=10_000, pattern=NO_NUL, description="Whatever people want to know about it.")]
Sha256 = Annotated[
    str, Field(pattern=SHA256, examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
]
By = Annotated[str | None, Field(description="Id of the user.", examples=[f"us_{EXAMPLE}"])]
Revision = Annotated[int, Field(description="Grows with every change; also in the `ETag`.", examples=[3])]
