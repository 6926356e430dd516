"""`fenlei report MODEL`: take the evaluation report out of a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fenlei.cli.console import say
from fenlei.cli.options import AsJson
from fenlei.contract.errors import FenleiError


def report(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Page to write.  [default: MODEL's name + .html, beside it]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of a model as one self-contained HTML page, or print it as JSON."""
    from fenlei.modelfile import read

    parts = read(model).report
    name = "report.json" if as_json else "index.html"
    if name not in parts:
        raise FenleiError(
            f"{model} carries no report ({name} is not among its parts); `fenlei evaluate` makes figures."
        )
    if as_json:
        typer.echo(parts[name])
        return
    target = output or model.with_suffix(".html")
    if target.resolve() == model.resolve():
        raise FenleiError(f"{target} is the model itself; name another file by --output.")
    target.write_bytes(parts[name])
    say(f"{target}: open it in a browser.")
