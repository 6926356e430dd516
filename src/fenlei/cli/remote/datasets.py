"""`fenlei datasets`: the data sets of a platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fenlei.cli.console import out, printable, say
from fenlei.cli.options import AsJson
from fenlei.cli.progress import progress
from fenlei.cli.remote import changes, checks, versions
from fenlei.cli.remote.choosing import dataset_of
from fenlei.cli.remote.connection import Server, Token, connect
from fenlei.cli.remote.following import shown
from fenlei.cli.remote.imports import tell_found
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
    source: Annotated[Path, typer.Argument(help="A folder, archive, manifest or picture.")],
    format: Annotated[  # noqa: A002
        str | None, typer.Option(help="Slug of a format; without it, it is found out by looking.")
    ] = None,
    label: Annotated[
        str | None, typer.Option("--class", help="Class of pictures that bring none of their own.")
    ] = None,
    on_server: Annotated[
        bool, typer.Option("--on-server", help="SOURCE is a path there, below a folder that its operator allows.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only tell what is in it, and what would be skipped and why.")
    ] = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Bring pictures into a data set. Asked for again after an interruption, it goes on where it stopped; after a
    preview nothing is sent a second time."""
    if not on_server and not source.exists():
        raise typer.BadParameter(f"There is no {source} on this machine.", param_hint="SOURCE")
    with connect(server, token) as platform:
        found = next((each for each in platform.datasets.list() if dataset in {each.name, each.id}), None)
        target = found or platform.datasets.create(dataset)
        with progress(quiet=as_json) as report:
            tell = shown(report)
            if on_server:
                begun = platform.imports.find_on_server(target.id, str(source), format=format, label=label)
            else:
                begun = platform.imports.send(target.id, source, format=format, label=label, progress=tell)
            ended = begun if preview else platform.imports.commit(begun.id, progress=tell)
        skipped = (
            [] if preview or as_json else [e for e in platform.imports.entries(ended.id) if e.outcome == "skipped"]
        )
    if preview:
        show_one(ended, as_json=as_json, sentence=f"{target.name}: nothing is in it yet of what was found.")
        if not as_json:
            tell_found(ended)
        return
    counts = ended.counts
    sentence = (
        f"{target.name}: {counts.get('added', 0)} pictures added, {counts.get('existing', 0)} were there already, "
        f"{counts.get('skipped', 0)} files skipped ({ended.format})."
    )
    show_one(ended, as_json=as_json, sentence=sentence)
    for entry in skipped[:SHOWN_SKIPPED]:
        out.print(f"  {printable(entry.name)}: {printable(entry.reason or '')}", markup=False, soft_wrap=True)
    if len(skipped) > SHOWN_SKIPPED:
        say(f"  … and {len(skipped) - SHOWN_SKIPPED} more; `fenlei imports report {ended.id}` saves all.")


@app.command("show")
def show(dataset: Name, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show how many pictures each class and part has."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset)
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


app.command("versions")(versions.list_)
app.command("check")(checks.check)
app.command("findings")(checks.findings)
app.command("fix")(checks.fix)
app.command("changes")(changes.changes)
app.command("undo")(changes.undo)
app.command("redo")(changes.redo)
app.command("split")(changes.split)


@app.command("rename")
def rename(
    dataset: Name,
    name: Annotated[str, typer.Argument(help="No other data set has it.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Give a data set another name."""
    with connect(server, token) as platform:
        renamed = platform.datasets.rename(dataset_of(platform, dataset).id, name)
    show_one(renamed, as_json=as_json, sentence=f"{dataset} is called {renamed.name} now.")


@app.command("download")
def download(
    dataset: Name,
    target: Annotated[Path, typer.Option("--output", "-o", help="The zip to write, or the list, ending in .csv.")],
    parts: Annotated[
        bool, typer.Option("--parts", help="Put train/, validation/ and test/ around the class folders.")
    ] = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Save the pictures as a zip of class folders, or their list as CSV."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        if target.suffix.lower() == ".csv":
            platform.datasets.manifest(found, target)
        else:
            platform.datasets.download(found, target, parts=parts)
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
        found = dataset_of(platform, dataset)
        platform.datasets.delete(found.id, everything=everything)
    say(f"Deleted {found.name}.")
