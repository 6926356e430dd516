"""`fenlei evaluate MODEL DIR`: what a model gets right and wrong on labelled pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fenlei.cli.figures import print_classes, print_confusions, print_headline, print_skipped
from fenlei.cli.options import AsJson, Workspace
from fenlei.cli.progress import progress


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.")],
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Class folders, or a zip of them. Where it has a test/ (or else a val/), only that part is judged.",
        ),
    ],
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Judge a model on labelled pictures."""
    from fenlei.model import load
    from fenlei.settings import Settings

    with load(model, workspace=Settings.at(workspace).workspace) as loaded, progress(quiet=as_json) as report:
        judged = loaded.judge(directory, progress=lambda done, total: report("judging pictures", done, total))
    if as_json:
        figures = msgspec.to_builtins(judged.evaluation)
        skipped = [{"name": name, "reason": reason} for name, reason in judged.skipped]
        typer.echo(msgspec.json.format(msgspec.json.encode({**figures, "skipped": skipped}), indent=2))
        return
    print_headline(judged.evaluation)
    print_classes(judged.evaluation)
    print_confusions(judged.evaluation)
    print_skipped(judged.skipped)
