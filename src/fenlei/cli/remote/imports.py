"""`fenlei imports`: what was brought into a data set, and what became of each file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fenlei.cli.console import out, printable, say
from fenlei.cli.options import AsJson
from fenlei.cli.remote.choosing import dataset_of
from fenlei.cli.remote.connection import Server, Token, connect
from fenlei.cli.remote.showing import show_one, show_rows

if TYPE_CHECKING:
    from fenlei.client.management.records import Import as Row

app = typer.Typer(no_args_is_help=True, help="Imports into a data set; `fenlei datasets import` begins one.")

Import = Annotated[str, typer.Argument(metavar="IMPORT", help="Its id.")]


@app.command("list")
def list_(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Name or id.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List the imports into a data set, the latest first."""
    with connect(server, token) as platform:
        show_rows(
            platform.imports.list(dataset_of(platform, dataset).id),
            [
                ("state", lambda row: row.state),
                ("format", lambda row: row.format),
                ("added", lambda row: row.counts.get("added")),
                ("skipped", lambda row: row.counts.get("skipped")),
                ("error", lambda row: row.error),
                ("id", lambda row: row.id),
            ],
            as_json=as_json,
            none="Nothing was imported into it yet.",
        )


@app.command("report")
def report(
    import_id: Import,
    target: Annotated[Path, typer.Option("--output", "-o", help="The CSV file to write.")],
    server: Server = None,
    token: Token = None,
) -> None:
    """Save what became of each file as CSV, with the reason where it was skipped."""
    with connect(server, token) as platform:
        platform.imports.report(import_id, target)
    say(f"Wrote {target}.")


@app.command("cancel")
def cancel(import_id: Import, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Stop an import. What it brought into the data set so far stays."""
    with connect(server, token) as platform:
        stopped = platform.imports.cancel(import_id)
    show_one(stopped, as_json=as_json, sentence=f"{stopped.id} is {stopped.state}.")


def tell_found(row: Row) -> None:
    """Say what an import holds before it is carried out: its format, its pictures, what will be skipped and why."""
    found = row.found or {}
    skipped = found.get("skipped", {})
    out.print(
        f"{found.get('pictures', 0)} pictures ({row.format}), {skipped.get('files', 0)} files will be skipped.",
        markup=False,
    )
    for label in found.get("labels", []):
        out.print(f"  {printable(label['name'])}: {label['pictures']}", markup=False, soft_wrap=True)
    if found.get("unlabelled"):
        out.print(f"  without a class: {found['unlabelled']}", markup=False)
    for reason in skipped.get("reasons", []):
        examples = ", ".join(printable(each) for each in reason["examples"])
        out.print(
            f"  {reason['files']} skipped: {printable(reason['reason'])} ({examples})", markup=False, soft_wrap=True
        )
    for note in found.get("notes", []):
        out.print(f"  {printable(note)}", markup=False, soft_wrap=True)
