"""Pictures, and what is done to many of them, on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import ConfigDict, Field

from fenlei.api.wire.base import EXAMPLE, NO_NUL, ADatasetId, ALabelId, APictureId, By, Given, Revision, Shown
from fenlei.datasets.changing import Outcome
from fenlei.datasets.found import Part
from fenlei.datasets.moving import Moved
from fenlei.datasets.thumbnails import SIDES
from fenlei.store.selection import PictureFilter, Selection

SPLITS = "^(train|validation|test|none)$"

MOST_IDS = 100_000

Check = Annotated[str, Field(min_length=1, max_length=24, pattern="^[a-z-]+$", examples=["near-duplicates"])]
SearchText = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL, examples=["IMG_20"])]
Split = Annotated[str, Field(pattern=SPLITS, examples=["train"])]
Side = Annotated[int, Query(ge=1, le=SIDES[-1], description="Of the longer side; rounded up to a size we keep.")]


class PictureOut(Shown):
    """A picture of a data set."""

    id: int = Field(examples=[4711])
    dataset_id: str = Field(examples=[f"ds_{EXAMPLE}"])
    name: str = Field(examples=["cat/1.jpg"])
    sha256: str = Field(
        description="Of the file.", examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
    )
    label_id: str | None = Field(examples=[f"lb_{EXAMPLE}"])
    split: Part | None
    group: str | None = Field(description="Pictures of a group stay in one part.", examples=[None])
    width: int = Field(description="Pixels.", examples=[640])
    height: int = Field(description="Pixels.", examples=[480])
    bytes: int = Field(examples=[73214])
    format: str = Field(examples=["JPEG"])
    import_id: str | None = Field(examples=[f"im_{EXAMPLE}"])
    added_at: datetime
    removed_at: datetime | None


class PicturePage(Shown):
    """A page of pictures."""

    items: list[PictureOut]
    next: str | None = Field(
        description="Send it as `after` for the next page; null on the last one.", examples=["4711"]
    )
    total: int = Field(description="How many there are on all pages.", examples=[1797])


class Cell(Shown):
    """How many pictures have this class and are in this part."""

    label_id: str | None = Field(examples=[f"lb_{EXAMPLE}"])
    split: str = Field(examples=["train"])
    pictures: int = Field(examples=[17])


class CountsOut(Shown):
    """How many pictures a data set has, removed ones aside."""

    total: int = Field(examples=[21])
    removed: int = Field(examples=[1])
    unlabelled: int = Field(examples=[0])
    labels: dict[str, int] = Field(description="By id of the class.", examples=[{f"lb_{EXAMPLE}": 21}])
    splits: dict[str, int] = Field(description="By part; `none` for no part.", examples=[{"train": 17, "none": 4}])
    cells: list[Cell] = Field(description="By class and part.")


class Filter(Given):
    """Which pictures; conditions add up, what is absent does not matter."""

    label: ALabelId | None = None
    labelled: bool | None = None
    split: Split | None = Field(None, description="`none` for those in no part.")
    check: Check | None = Field(None, description="Those that this check has an open finding about.")
    text: SearchText | None = Field(None, description="Part of the name, in whatever case.")


class Chosen(Given):
    """Pictures: by their ids, or all that a filter lets through."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [4711, 4712]}]})

    ids: Annotated[list[APictureId], Field(max_length=MOST_IDS)] | None = None
    filter: Filter | None = None


class PicturesChange(Given):
    """One thing to change of many pictures: exactly one of `label_id`, `split` and `removed`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"pictures": {"ids": [4711, 4712]}, "label_id": f"lb_{EXAMPLE}"}]}
    )

    pictures: Chosen = Field(examples=[{"ids": [4711, 4712]}])
    label_id: ALabelId | None = Field(None, description="The class; null for none.")
    split: Part | None = Field(None, description="The part; null for none.")
    removed: bool | None = Field(None, description="true removes them, false puts them back.")


class PicturesMove(Given):
    """Pictures that go to another data set."""

    pictures: Chosen = Field(examples=[{"ids": [4711, 4712]}])
    to: ADatasetId


class PictureChange(Given):
    """What to change of a picture."""

    name: str = Field(min_length=1, max_length=1000, pattern=NO_NUL, examples=["cat/1.jpg"])


class ChangeOut(Shown):
    """A change of a data set: who, when, what."""

    id: int = Field(examples=[42])
    at: datetime
    by: By
    kind: str = Field(examples=["label"])
    summary: dict[str, Any] = Field(
        description="Names as they were then, pictures counted.", examples=[{"label": "cat", "pictures": 2}]
    )
    undoes: int | None = Field(description="The change that this one took back, or made again.", examples=[None])
    undone_at: datetime | None


class OutcomeOut(Shown):
    """What a call has done."""

    change: ChangeOut | None = Field(description="null where everything was so already.")
    pictures: int = Field(description="How many it changed.", examples=[2])
    revision: Revision


class MovedOut(Shown):
    """What a move has done."""

    change: ChangeOut | None = Field(description="In the data set they left.")
    pictures: int = Field(description="How many left.", examples=[2])
    renamed: int = Field(description="How many have another name there, because theirs was taken.", examples=[0])
    already_there: int = Field(description="How many were there already; they only left.", examples=[0])
    revision: Revision


class SplitWish(Given):
    """How to put pictures into parts."""

    method: str = Field(
        min_length=1,
        max_length=20,
        pattern="^[a-z]+$",
        description="stratified: drawn, every class having its share; column: as the imports brought; clear: none.",
        examples=["stratified"],
    )
    fractions: dict[Part, Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]] | None = Field(
        None,
        description="Shares of the parts, together 1; for a draw.",
        examples=[{"train": 0.8, "validation": 0.1, "test": 0.1}],
    )
    seed: int = Field(0, ge=0, lt=2**31, description="Another seed, another draw.")
    fill: bool = Field(False, description="Leave pictures that have a part where they are.")


def outcome_out(outcome: Outcome) -> OutcomeOut:
    """What a call has done, as it is answered."""
    return OutcomeOut.model_validate(outcome)


def moved_out(moved: Moved) -> MovedOut:
    """What a move has done, as it is answered."""
    return MovedOut(
        change=None if moved.out is None else ChangeOut.model_validate(moved.out),
        pictures=moved.pictures,
        renamed=moved.renamed,
        already_there=moved.already_there,
        revision=moved.revision,
    )


def filter_of(given: Filter) -> PictureFilter:
    """A filter as the data sets know it."""
    return PictureFilter(**given.model_dump())


def selection_of(chosen: Chosen) -> Selection | None:
    """Which pictures are meant; None where it is not said, or said twice."""
    if (chosen.ids is None) == (chosen.filter is None):
        return None
    return chosen.ids if chosen.filter is None else filter_of(chosen.filter)
