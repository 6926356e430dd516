"""What is wrong with a graph, told to people and to programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import typer

from fenlei.cli.console import out, printable, say


def tell_problems(problems: Sequence[Any], *, as_json: bool) -> None:
    """Print problems, a line each with its remedy.

    Args:
        problems: as the check here has them, or as a platform answers them.
        as_json: as a JSON list.
    """
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(problems), indent=2))
        return
    for problem in problems:
        place = f"{problem.node}: " if problem.node else ""
        out.print(f"{printable(place)}{printable(problem.en)} {printable(problem.remedy_en)}", markup=False)
    if not problems:
        say("Nothing is wrong with the graph.")
