"""Imports and uploads on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from fenlei.api.wire.base import EXAMPLE, NO_NUL, By, Given, Revision, Sha256, Shown
from fenlei.datasets.imports import State
from fenlei.datasets.uploads import MOST_BYTES

Path = Annotated[str, Field(min_length=1, max_length=4000, pattern=NO_NUL, examples=["/data/gestures.zip"])]


class UploadSource(Given):
    """The files are sent."""

    kind: Literal["upload"]


class PathSource(Given):
    """The files are on the server, below a folder from which its operator allows imports."""

    kind: Literal["path"]
    path: Annotated[Path, Field(description="A folder, archive, manifest or picture.")]


Source = Annotated[UploadSource | PathSource, Field(discriminator="kind")]


class ImportOptions(Given):
    """How to read the files."""

    format: Annotated[str, Field(max_length=40, pattern=NO_NUL, examples=["class-folders"])] | None = Field(
        default=None, description="Slug of a format; null to find out by looking."
    )
    label: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL, examples=["cat"])] | None = Field(
        default=None, description="Class of all pictures that bring none of their own."
    )


class NewImport(Given):
    """An import to begin."""

    source: Source = Field(examples=[{"kind": "upload"}])
    options: ImportOptions = Field(default_factory=ImportOptions)


class ImportOut(Shown):
    """Pictures on their way into a data set."""

    id: str = Field(examples=[f"im_{EXAMPLE}"])
    dataset_id: str = Field(examples=[f"ds_{EXAMPLE}"])
    state: State
    source: dict[str, Any] = Field(examples=[{"kind": "upload"}])
    options: dict[str, Any] = Field(examples=[{"format": None, "label": None}])
    format: str | None = Field(description="What the files were taken for.", examples=["class-folders"])
    found: dict[str, Any] | None = Field(
        description="The preview: pictures by class and part, what will be skipped and why.",
        examples=[{"format": "class-folders", "labels": {"cat": 12, "dog": 9}, "notes": []}],
    )
    counts: dict[str, Any] = Field(
        description="Files that were added, existed already, were skipped; of how many.",
        examples=[{"added": 21, "existing": 0, "skipped": 1, "total": 22}],
    )
    error: str | None = Field(description="Why it failed.", examples=[None])
    run_id: str | None = Field(description="The run that carries it out.", examples=[f"rn_{EXAMPLE}"])
    revision: Revision
    created_at: datetime
    created_by: By
    finished_at: datetime | None


class EntryOut(Shown):
    """What became of one file of an import."""

    number: int = Field(examples=[1])
    name: str = Field(examples=["cat/1.jpg"])
    outcome: str = Field(description="added, existing or skipped.", examples=["added"])
    reason: str | None = Field(description="Why it was skipped.", examples=[None])
    picture_id: int | None = Field(examples=[4711])


class NewUpload(Given):
    """A file that will be sent in pieces."""

    name: str = Field(
        min_length=1,
        max_length=1000,
        pattern=NO_NUL,
        description="What it is called in the import; a path with `/`.",
        examples=["gestures.zip"],
    )
    size: int = Field(ge=0, le=MOST_BYTES, description="Bytes.", examples=[73214])
    sha256: Sha256 | None = Field(None, description="Verified when the last byte is there.")


class UploadOut(Shown):
    """A file that is being sent. `received` bytes are safe; the next piece begins there."""

    id: str = Field(examples=[f"up_{EXAMPLE}"])
    import_id: str = Field(examples=[f"im_{EXAMPLE}"])
    name: str = Field(examples=["gestures.zip"])
    size: int = Field(examples=[73214])
    received: int = Field(examples=[65536])
    sha256: str | None = Field(examples=[None])
    created_at: datetime
