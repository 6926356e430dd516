"""Which pictures of a data set a command is about: by their ids, or by what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fenlei.cli.remote.connection import named

if TYPE_CHECKING:
    from fenlei.client.management import Platform
    from fenlei.client.management.pictures import Which
    from fenlei.client.management.records import Dataset

Ids = Annotated[list[int] | None, typer.Argument(metavar="[PICTURE]...", help="Ids, as `fenlei pictures list` tells.")]
InClass = Annotated[str | None, typer.Option("--class", metavar="CLASS", help="Those of this class.")]
WithoutClass = Annotated[bool, typer.Option("--without-class", help="Those without a class.")]
InPart = Annotated[
    str | None, typer.Option("--part", metavar="PART", help="Those in train, validation or test, or in none.")
]
WithFinding = Annotated[
    str | None, typer.Option("--check", metavar="CHECK", help="Those that this check has an open finding about.")
]
WithText = Annotated[str | None, typer.Option("--text", help="Those with this in their name.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]


def dataset_of(platform: Platform, wanted: str) -> Dataset:
    """The data set with this name or id.

    Raises:
        NotThere: there is none.
    """
    return named(platform.datasets.list(), wanted, "data set")


def class_of(platform: Platform, dataset_id: str, wanted: str) -> str:
    """The id of the class with this name or id.

    Raises:
        NotThere: there is none.
    """
    return named(platform.labels.list(dataset_id), wanted, "class").id


def conditions(
    platform: Platform,
    dataset_id: str,
    *,
    in_class: str | None,
    without_class: bool,
    part: str | None,
    check: str | None,
    text: str | None,
) -> dict[str, Any]:
    """What the options ask for, as a filter; what they do not mention is left out."""
    label = None if in_class is None else class_of(platform, dataset_id, in_class)
    wanted = {"label": label, "labelled": False if without_class else None, "split": part, "check": check, "text": text}
    return {name: value for name, value in wanted.items() if value is not None}


def chosen(ids: Sequence[int] | None, wanted: dict[str, Any], everything: bool) -> Which:
    """The pictures that are named, or all that meet the conditions.

    Raises:
        BadParameter: neither is there, or both are.
    """
    if sum((bool(ids), bool(wanted), everything)) != 1:
        raise typer.BadParameter("Name pictures by their ids, or by options such as --class and --text, or take --all.")
    return list(ids) if ids else wanted
