"""`fenlei report MODEL`: take the evaluation report out of a model file, or the suspects that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fenlei.cli.console import say
from fenlei.cli.options import AsJson
from fenlei.cli.suspects import print_all
from fenlei.contract.errors import FenleiError


def report(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Page to write.  [default: MODEL's name + .html, beside it]")
    ] = None,
    suspects: Annotated[
        bool,
        typer.Option(
            "--suspects",
            help="Print the pictures whose label may be wrong or that are out of place, the most suspicious first.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the report of a model as one self-contained HTML page, or print it, or its suspects alone."""
    import msgspec

    from fenlei.modelfile import read
    from fenlei.training.report import from_json

    parts = read(model).report
    name = "report.json" if as_json or suspects else "index.html"
    if name not in parts:
        raise FenleiError(
            f"{model} carries no report ({name} is not among its parts); `fenlei evaluate` makes figures."
        )
    if suspects:
        if output is not None:
            raise FenleiError("--suspects prints and writes no page; leave --output away, or --suspects.")
        found = from_json(parts[name])
        if as_json:
            typer.echo(msgspec.json.encode(found.suspects))
        else:
            print_all(found)
        return
    if as_json:
        typer.echo(parts[name])
        return
    target = output or model.with_suffix(".html")
    if target.resolve() == model.resolve():
        raise FenleiError(f"{target} is the model itself; name another file by --output.")
    target.write_bytes(parts[name])
    say(f"{target}: open it in a browser.")
