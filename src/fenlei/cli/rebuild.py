"""`fenlei rebuild MODEL DIR`: make a model again, and say whether it came out the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fenlei.cli.console import out, say
from fenlei.cli.options import AsJson, Workspace
from fenlei.cli.progress import progress
from fenlei.contract.errors import FenleiError


def rebuild(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.")],
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The pictures that it was made of, wherever they lie now.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Model file to write.  [default: MODEL's name + .rebuilt.fenlei, here]"),
    ] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Make a model again from its pictures, by the recipe in its file and without a search.

    On the machine that made it the new file is the same, byte for byte; elsewhere the figures are. Exit code 1 when
    they are not.
    """
    from fenlei.model.rebuild import compare_files
    from fenlei.model.rebuild import rebuild as make
    from fenlei.settings import Settings

    target = output or Path(f"{model.name.removesuffix('.fenlei')}.rebuilt.fenlei")
    if target.is_dir() or target.resolve() == model.resolve():
        raise FenleiError(f"{target} cannot be replaced; name another file by --output.")
    with (
        progress(quiet=as_json) as report,
        make(model, directory, workspace=Settings.at(workspace).workspace, progress=report) as made,
    ):
        made.save(target)
    found = compare_files(model.read_bytes(), target.read_bytes())
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    elif found.same:
        say(f"{target}: the same file, sha256 {found.sha256[:16]}…", style="bold")
    else:
        say(f"{target}: sha256 {found.sha256[:16]}…, where {model} has {found.original[:16]}…", style="bold")
        out.print(f"These parts differ: {', '.join(found.differs)}.", markup=False, soft_wrap=True)
        for name, (old, new) in found.versions.items():
            out.print(f"It was made with {name} {old}; here it is {new}.", markup=False, soft_wrap=True)
        for name, (before, after) in found.figures.items():
            if before != after:
                out.print(f"{name}: {before:.4f} then, {after:.4f} now.", markup=False, soft_wrap=True)
        if found.same_figures:
            say("The figures are the same within a thousandth.")
    if not found.same_figures:
        raise typer.Exit(1)
