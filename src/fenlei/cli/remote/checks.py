"""`fenlei datasets check`, `findings` and `fix`: what may be wrong with the pictures, and putting it right."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import msgspec
import typer

from fenlei.cli.options import AsJson
from fenlei.cli.progress import progress
from fenlei.cli.remote.choosing import dataset_of
from fenlei.cli.remote.connection import Server, Token, connect
from fenlei.cli.remote.following import shown
from fenlei.cli.remote.showing import show_one, show_rows

Name = Annotated[str, typer.Argument(metavar="DATASET", help="Name or id.")]
Check = Annotated[str, typer.Argument(metavar="CHECK", help="As `fenlei datasets check` calls it.")]


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
        found = dataset_of(platform, dataset)
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


def findings(
    dataset: Name,
    check: Check,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List what a check found and is still so; pictures of one cluster belong together."""
    with connect(server, token) as platform:
        rows = islice(platform.datasets.findings(dataset_of(platform, dataset).id, check), limit)
        show_rows(
            rows,
            [
                ("cluster", lambda row: row.cluster),
                ("picture", lambda row: row.picture_id),
                ("detail", lambda row: msgspec.json.encode(row.detail).decode()),
            ],
            as_json=as_json,
            none="It found nothing, or was not asked yet.",
        )


def fix(dataset: Name, check: Check, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Put right what a check found; `fenlei datasets undo` takes it back."""
    with connect(server, token) as platform:
        outcome = platform.datasets.fix(dataset_of(platform, dataset).id, check)
    show_one(outcome, as_json=as_json, sentence=f"{outcome.pictures} pictures were changed.")
