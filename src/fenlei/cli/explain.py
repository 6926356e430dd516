"""`fenlei explain MODEL PICTURE`: where a model looks."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from fenlei.cli.console import out, printable, say
from fenlei.cli.options import AsJson, Workspace
from fenlei.contract.errors import FenleiError


class Method(StrEnum):
    """How the map is drawn."""

    OCCLUSION = "occlusion"
    GRADIENT = "gradient"


def explain(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.")],
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="A picture file.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="PNG to write.  [default: PICTURE's name + .map.png, in the current folder]"
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option("--class", metavar="CLASS", help="Explain this class.  [default: what it is called]")
    ] = None,
    method: Annotated[
        Method,
        typer.Option(
            help="occlusion works for every model; gradient is finer, and needs torch (the train extra) and a network "
            "of operators that torch has."
        ),
    ] = Method.OCCLUSION,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Draw which parts of a picture speak for a class, and which against it.

    Parts of the picture are covered one after another; where the model then believes less in the class, the map is
    warm, where it believes more, it is blue. With --method gradient the network is followed backwards instead: warm
    is what adds to its belief on the way from a plain area to the picture, blue what takes from it.
    """
    from fenlei.model import load
    from fenlei.settings import Settings

    target = output or Path(f"{picture.name}.map.png")
    if target.is_dir() or target.resolve() in (picture.resolve(), model.resolve()):
        raise FenleiError(f"{target} cannot be replaced by a map; name another file by --output.")
    with load(model, workspace=Settings.at(workspace).workspace) as loaded:
        found = loaded.explanation(picture, label, method=method.value)
    target.write_bytes(found.png)
    if as_json:
        told: dict[str, Any] = {
            "picture": str(picture),
            "file": str(target),
            "class": found.label,
            "answer": found.answer,
            "method": method.value,
            "scores": found.scores,
            "cells": found.cells(),
        }
        typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2))
        return
    score, answer = found.scores[found.label], found.scores[found.answer]
    asked = "" if found.label == found.answer else f" It is called {printable(found.answer)} ({answer:.1%})."
    out.print(f"{printable(found.label)}: {score:.1%}.{asked}", markup=False, soft_wrap=True)
    say(f"{target}: warm speaks for {printable(found.label)}, blue against it.")
