"""What is asked of answers, as it is written on the command line: for all classes, or for one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import typer

T = TypeVar("T")

Precision = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[CLASS=]SHARE",
        help="Choose thresholds so that this share of answers is right, such as 0.95 or cat=0.99; may be repeated.",
    ),
]
Cost = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[CLASS=]WRONG:MISSED",
        help="Choose thresholds by what a wrong answer and a missed picture cost, such as 1:10; may be repeated.",
    ),
]


def by_class(said: Sequence[str] | None, read: Callable[[str], T], option: str) -> T | dict[str, T] | None:
    """One value for all classes, or one for each that is named; None where nothing was said.

    Raises:
        typer.BadParameter: a value cannot be read, or one for all stands beside others.
    """
    if not said:
        return None
    found: dict[str, T] = {}
    for text in said:
        name, named, value = text.rpartition("=")
        if not named and len(said) > 1:
            raise typer.BadParameter(f"{option} {text} is for all classes; beside others each must name one, CLASS=….")
        try:
            found[name] = read(value)
        except ValueError as exc:
            raise typer.BadParameter(f"{option} {text}: {exc}") from exc
    return found.get("", found)


def share(text: str) -> float:
    """`0.95` or `95%`.

    Raises:
        ValueError: it is something else.
    """
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise ValueError("a share such as 0.95 or 95% is needed.") from None


def price(text: str) -> tuple[float, float]:
    """`1:10`, a wrong answer and a missed picture.

    Raises:
        ValueError: it is something else.
    """
    wrong, _, missed = text.partition(":")
    try:
        return float(wrong), float(missed)
    except ValueError:
        raise ValueError("two numbers such as 1:10 are needed, of a wrong answer and of a missed picture.") from None
