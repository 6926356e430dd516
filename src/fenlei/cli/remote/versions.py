"""`fenlei versions`: data sets as they were."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from fenlei.cli.console import say
from fenlei.cli.options import AsJson
from fenlei.cli.remote.choosing import dataset_of
from fenlei.cli.remote.connection import NotThere, Server, Token, connect
from fenlei.cli.remote.showing import show_one, show_rows

if TYPE_CHECKING:
    from fenlei.client.management import Platform

app = typer.Typer(no_args_is_help=True, help="Versions of a data set: it as it was, never changed.")

Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="Name or id.")]
Number = Annotated[int, typer.Argument(min=1, help="Of the version.")]


@app.command("list")
def list_(dataset: Dataset, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the versions, the latest first."""
    with connect(server, token) as platform:
        show_rows(
            platform.versions.list(dataset_of(platform, dataset).id),
            [
                ("number", lambda row: row.number),
                ("pictures", lambda row: row.pictures),
                ("made", lambda row: row.created_at),
                ("note", lambda row: row.note),
                ("id", lambda row: row.id),
            ],
            as_json=as_json,
            none="It has no version yet; training makes one, and `fenlei versions make DATASET`.",
        )


@app.command("make")
def make(
    dataset: Dataset,
    note: Annotated[str, typer.Option(help="Whatever people want to know about it.")] = "",
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Keep a data set as it is now."""
    with connect(server, token) as platform:
        made = platform.versions.make(dataset_of(platform, dataset).id, note)
    show_one(made, as_json=as_json, sentence=f"Version {made.number} holds {made.pictures} pictures ({made.id}).")


@app.command("diff")
def diff(
    dataset: Dataset,
    before: Number,
    after: Number,
    kind: Annotated[str | None, typer.Option(help="added, removed, relabelled, moved or regrouped only.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many pictures.")] = 100,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Tell what is different in a later version: pictures added, removed, relabelled."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        old, new = (_numbered(platform, found, each) for each in (before, after))
        told = platform.versions.diff(old, new)
        rows = list(islice(platform.versions.differences(old, new, kind=kind), limit))
    if as_json:
        typer.echo(msgspec.json.encode({**msgspec.structs.asdict(told), "items": rows}))
        return
    counted = ", ".join(f"{count} {name}" for name, count in told.counts.items() if count)
    say(f"From version {before} to {after}: {counted or 'the same pictures'}.")
    for what, names in (("New", told.labels_added), ("Gone", told.labels_removed)):
        if names:
            say(f"{what} classes: {', '.join(names)}.")
    show_rows(
        rows,
        [
            ("kind", lambda row: row.kind),
            ("name", lambda row: row.name),
            ("before", lambda row: row.before),
            ("after", lambda row: row.after),
        ],
        as_json=False,
        none="No picture is different.",
    )


@app.command("download")
def download(
    dataset: Dataset,
    number: Number,
    target: Annotated[Path, typer.Option("--output", "-o", help="The zip to write, or the list, ending in .csv.")],
    parts: Annotated[
        bool, typer.Option("--parts", help="Put train/, validation/ and test/ around the class folders.")
    ] = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Save the pictures of a version as a zip of class folders, or their list as CSV."""
    with connect(server, token) as platform:
        version = _numbered(platform, dataset_of(platform, dataset).id, number)
        if target.suffix.lower() == ".csv":
            platform.versions.manifest(version, target)
        else:
            platform.versions.download(version, target, parts=parts)
    say(f"Wrote {target}.")


def _numbered(platform: Platform, dataset_id: str, number: int) -> str:
    seen = []
    for version in platform.versions.list(dataset_id):
        if version.number == number:
            return version.id
        seen.append(version.number)
    known = f"1 to {max(seen)} are" if seen else "it has none yet"
    raise NotThere(f"There is no version {number}; {known}.")
