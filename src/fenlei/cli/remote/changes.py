"""`fenlei datasets changes`, `undo`, `redo` and `split`: what was done to a data set, and taking it back."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import msgspec
import typer

from fenlei.cli.options import AsJson
from fenlei.cli.remote.choosing import dataset_of
from fenlei.cli.remote.connection import Server, Token, connect
from fenlei.cli.remote.showing import show_one, show_rows

Name = Annotated[str, typer.Argument(metavar="DATASET", help="Name or id.")]
Share = Annotated[float | None, typer.Option(min=0, max=1, help="Of a draw: its share; all shares together are 1.")]


def changes(
    dataset: Name,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List who changed what and when, the latest first."""
    with connect(server, token) as platform:
        rows = islice(platform.datasets.changes(dataset_of(platform, dataset).id), limit)
        show_rows(
            rows,
            [
                ("when", lambda row: row.at),
                ("who", lambda row: row.by),
                ("what", lambda row: row.kind),
                ("details", lambda row: msgspec.json.encode(row.summary).decode()),
                ("undone", lambda row: row.undone_at),
            ],
            as_json=as_json,
            none="Nothing was changed yet.",
        )


def undo(dataset: Name, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Take back the last change."""
    with connect(server, token) as platform:
        outcome = platform.datasets.undo(dataset_of(platform, dataset).id)
    show_one(outcome, as_json=as_json, sentence=f"Taken back; {outcome.pictures} pictures are as they were before.")


def redo(dataset: Name, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Make the change again that was undone last."""
    with connect(server, token) as platform:
        outcome = platform.datasets.redo(dataset_of(platform, dataset).id)
    show_one(outcome, as_json=as_json, sentence=f"Done again; {outcome.pictures} pictures were changed.")


def split(
    dataset: Name,
    method: Annotated[
        str,
        typer.Option(help="stratified: drawn, every class having its share; column: as imports brought; clear: none."),
    ] = "stratified",
    train: Share = None,
    validation: Share = None,
    test: Share = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another draw.")] = 0,
    fill: Annotated[bool, typer.Option("--fill", help="Leave pictures that have a part where they are.")] = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Put all pictures into parts: training, validation, test. Groups and duplicates stay together."""
    said = {"train": train, "validation": validation, "test": test}
    shares = {part: share for part, share in said.items() if share is not None}
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        outcome = platform.datasets.split(found, method, seed=seed, fill=fill, **shares)
        parts = platform.datasets.counts(found).splits
    told = ", ".join(f"{part} {number}" for part, number in parts.items() if number)
    show_one(outcome, as_json=as_json, sentence=f"{outcome.pictures} pictures are in another part now: {told}.")
