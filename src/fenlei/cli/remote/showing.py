"""Rows of a platform in the terminal: a table for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from fenlei.cli.console import out, printable


def show_rows(
    rows: Iterable[Any], columns: Sequence[tuple[str, Callable[[Any], object]]], *, as_json: bool, none: str
) -> None:
    """Print rows.

    Args:
        rows: records.
        columns: heading, and what stands under it.
        as_json: print the whole records as a JSON list instead.
        none: said when there are no rows.
    """
    found = list(rows)
    if as_json:
        typer.echo(msgspec.json.encode(found))
        return
    if not found:
        out.print(none, markup=False)
        return
    table = Table(box=None, pad_edge=False)
    for heading, _ in columns:
        table.add_column(heading, overflow="fold")
    for row in found:
        table.add_row(*(_cell(read(row)) for _, read in columns))
    out.print(table)


def show_one(record: Any, *, as_json: bool, sentence: str) -> None:
    """Print one record as JSON, or a sentence about it."""
    if as_json:
        typer.echo(msgspec.json.encode(record))
    else:
        out.print(sentence, markup=False, soft_wrap=True)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M}"
    return escape(printable(str(value)))
