"""Classes of data sets on the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fenlei.api.wire.base import EXAMPLE, ALabelId, Given, Name, Shown

LabelName = Annotated[Name, Field(description="No other class of the data set has it.", examples=["cat"])]
LabelIds = Annotated[list[ALabelId], Field(min_length=1, max_length=10_000)]


class LabelOut(Shown):
    """A class. Its position is the order in which classes were declared."""

    id: str = Field(examples=[f"lb_{EXAMPLE}"])
    name: str = Field(examples=["cat"])
    position: int = Field(examples=[0])


class NewLabel(Given):
    """A class to declare."""

    name: LabelName


class LabelChange(Given):
    """What to change of a class."""

    name: LabelName


class LabelMerge(Given):
    """Classes that become one."""

    labels: LabelIds = Field(description="They go; their pictures get the class that stays.")
    into: ALabelId = Field(description="The class that stays.")


class LabelOrder(Given):
    """Another order of the classes."""

    labels: LabelIds = Field(description="Every class of the data set, once.")
