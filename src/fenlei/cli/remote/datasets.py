"""`fenlei datasets`: the data sets of a platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fenlei.cli.console import out, printable, say
from fenlei.cli.options import AsJson
from fenlei.cli.progress import progress
from fenlei.cli.remote.connection import Server, Token, connect, named
from fenlei.cli.remote.following import shown
from fenlei.cli.remote.showing import show_one, show_rows

app = typer.Typer(no_args_is_help=True, help="Data sets of a platform.")

Name = Annotated[str, typer.Argument(metavar="DATASET", help="Name or id.")]
SHOWN_SKIPPED = 20


@app.command("list")
def list_(server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the data sets."""
    with connect(server, token) as platform:
        show_rows(
            platform.datasets.list(),
            [("name", lambda row: row.name), ("pictures", lambda row: row.pictures), ("id", lambda row: row.id)],
            as_json=as_json,
            none="There is no data set yet; make one with `fenlei datasets import NAME FOLDER`.",
        )


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="No other data set has it.")],
    note: Annotated[str, typer.Option(help="Whatever people want to know about it.")] = "",
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make an empty data set."""
    with connect(server, token) as platform:
        made = platform.datasets.create(name, note)
    show_one(made, as_json=as_json, sentence=f"Made the data set {made.name} ({made.id}).")


@app.command("import")
def import_(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Name or id; a new name makes a new data set.")],
    source: Annotated[Path, typer.Argument(exists=True, help="A folder, archive, manifest or picture.")],
    format: Annotated[  # noqa: A002
        str | None, typer.Option(help="Slug of a format; without it, it is found out by looking.")
    ] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Send pictures into a data set. Asked for again after an interruption, it goes on where it stopped."""
    with connect(server, token) as platform:
        found = next((each for each in platform.datasets.list() if dataset in {each.name, each.id}), None)
        target = found or platform.datasets.create(dataset)
        with progress(quiet=as_json) as report:
            ended = platform.datasets.bring(target.id, source, format=format, progress=shown(report))
        skipped = [] if as_json else [e for e in platform.datasets.entries(ended.id) if e.outcome == "skipped"]
    counts = ended.counts
    sentence = (
        f"{target.name}: {counts.get('added', 0)} pictures added, {counts.get('existing', 0)} were there already, "
        f"{counts.get('skipped', 0)} files skipped ({ended.format})."
    )
    show_one(ended, as_json=as_json, sentence=sentence)
    for entry in skipped[:SHOWN_SKIPPED]:
        out.print(f"  {printable(entry.name)}: {printable(entry.reason or '')}", markup=False, soft_wrap=True)
    if len(skipped) > SHOWN_SKIPPED:
        say(f"  … and {len(skipped) - SHOWN_SKIPPED} more.")


@app.command("show")
def show(dataset: Name, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show how many pictures each class and part has."""
    with connect(server, token) as platform:
        found = named(platform.datasets.list(), dataset, "data set")
        counts, labels = platform.datasets.counts(found.id), platform.datasets.labels(found.id)
    if as_json:
        show_one({"dataset": found, "counts": counts, "labels": labels}, as_json=True, sentence="")
        return
    parts = ", ".join(f"{part} {number}" for part, number in counts.splits.items() if number)
    out.print(f"{printable(found.name)}: {counts.total} pictures; {parts or 'none in a part'}.", markup=False)
    show_rows(
        labels,
        [("class", lambda row: row.name), ("pictures", lambda row: counts.labels.get(row.id, 0))],
        as_json=False,
        none="No picture has a class.",
    )


@app.command("versions")
def versions(dataset: Name, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List its versions, the latest first."""
    with connect(server, token) as platform:
        found = named(platform.datasets.list(), dataset, "data set")
        show_rows(
            platform.datasets.versions(found.id),
            [
                ("number", lambda row: row.number),
                ("pictures", lambda row: row.pictures),
                ("made", lambda row: row.created_at),
                ("note", lambda row: row.note),
                ("id", lambda row: row.id),
            ],
            as_json=as_json,
            none="It has no version yet; training makes one.",
        )


@app.command("check")
def check(
    dataset: Name,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[CHECK]...", help="Which; all when none is named.")
    ] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Look for what may be wrong with the pictures."""
    with connect(server, token) as platform:
        found = named(platform.datasets.list(), dataset, "data set")
        with progress(quiet=as_json) as report:
            told = platform.datasets.check(found.id, *(names or []), progress=shown(report))
    show_rows(
        told,
        [
            ("check", lambda row: row.check),
            ("found", lambda row: row.found),
            ("asked", lambda row: row.at),
            ("advice", lambda row: row.advice),
        ],
        as_json=as_json,
        none="There is no check.",
    )


@app.command("fix")
def fix(
    dataset: Name,
    check: Annotated[str, typer.Argument(help="The check whose findings are put right.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Put right what a check found; `fenlei datasets undo` takes it back."""
    with connect(server, token) as platform:
        outcome = platform.datasets.fix(named(platform.datasets.list(), dataset, "data set").id, check)
    show_one(outcome, as_json=as_json, sentence=f"{outcome.pictures} pictures were changed.")


@app.command("undo")
def undo(dataset: Name, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Take back the last change."""
    with connect(server, token) as platform:
        outcome = platform.datasets.undo(named(platform.datasets.list(), dataset, "data set").id)
    show_one(outcome, as_json=as_json, sentence=f"Taken back; {outcome.pictures} pictures are as they were before.")


@app.command("download")
def download(
    dataset: Name,
    target: Annotated[Path, typer.Option("--output", "-o", help="The zip to write.")],
    server: Server = None,
    token: Token = None,
) -> None:
    """Save the pictures as a zip of class folders."""
    with connect(server, token) as platform:
        platform.datasets.download(named(platform.datasets.list(), dataset, "data set").id, target)
    say(f"Wrote {target}.")


@app.command("delete")
def delete(
    dataset: Name,
    everything: Annotated[bool, typer.Option("--everything", help="Also what hangs on it.")] = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Delete a data set. What hangs on it is named first."""
    with connect(server, token) as platform:
        found = named(platform.datasets.list(), dataset, "data set")
        platform.datasets.delete(found.id, everything=everything)
    say(f"Deleted {found.name}.")
