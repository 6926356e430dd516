"""`fenlei evaluate MODEL DIR`: what a model gets right and wrong on labelled pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fenlei.cli.figures import (
    print_classes,
    print_confusions,
    print_decision,
    print_headline,
    print_skipped,
    print_strangers,
)
from fenlei.cli.options import AsJson, Workspace
from fenlei.cli.progress import progress
from fenlei.cli.versus import print_versus


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.")],
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Class folders, or a zip of them. Where it has a test/ (or else a val/), only that part is judged.",
        ),
    ],
    against: Annotated[
        Path | None,
        typer.Option(
            "--compare", metavar="OLD", help="Another model file: is MODEL better than that one on these pictures?"
        ),
    ] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Judge a model on labelled pictures, alone or against another one."""
    from fenlei.model import load
    from fenlei.settings import Settings

    if against is not None:
        _compare(against, model, directory, Settings.at(workspace).workspace, as_json=as_json)
        return
    with load(model, workspace=Settings.at(workspace).workspace) as loaded, progress(quiet=as_json) as report:
        judged = loaded.judge(directory, progress=lambda done, total: report("judging pictures", done, total))
    if as_json:
        figures = msgspec.to_builtins(judged.evaluation)
        skipped = [{"name": name, "reason": reason} for name, reason in judged.skipped]
        said = {
            **figures,
            "skipped": skipped,
            "unknown": msgspec.to_builtins(judged.strangers),
            "decision": msgspec.to_builtins(judged.decision),
        }
        typer.echo(msgspec.json.format(msgspec.json.encode(said), indent=2))
        return
    print_headline(judged.evaluation)
    print_classes(judged.evaluation)
    print_confusions(judged.evaluation)
    print_strangers(judged.strangers)
    print_decision(judged.decision)
    print_skipped(judged.skipped)


def _compare(old: Path, new: Path, directory: Path, workspace: Path, *, as_json: bool) -> None:
    from fenlei.model import load
    from fenlei.model.compare import compare

    with (
        load(old, workspace=workspace) as one,
        load(new, workspace=workspace) as other,
        progress(quiet=as_json) as report,
    ):
        found = compare(one, other, directory, progress=lambda done, total: report("judging pictures", done, total))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    print_versus(found, old.name, new.name)
