"""`fenlei gc`: remove files that nothing refers to any more, or nobody has used for long, after saying which."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from fenlei.cli.console import out, say
from fenlei.cli.durations import seconds
from fenlei.cli.options import AsJson, BlobUrl, DatabaseUrl, Workspace
from fenlei.cli.progress import progress


def gc(
    yes: Annotated[bool, typer.Option("--yes", help="Remove; without it nothing is removed.")] = False,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="SPAN", help="Leave younger files alone: 30m, 24h, 7d.  [default: 24h; graphs: 30d]"
        ),
    ] = None,
    graphs: Annotated[
        bool,
        typer.Option(
            "--graphs",
            help="Look at what `fenlei run` left in this workspace, by when it was last used; at nothing else.",
        ),
    ] = False,
    as_json: AsJson = False,
    workspace: Workspace = None,
    database: DatabaseUrl = None,
    blobs: BlobUrl = None,
) -> None:
    """Say which files nothing refers to any more, such as pictures of deleted data sets. With --yes, remove them.

    The platform may run meanwhile. What a graph needs and does not find any more, it computes again.
    """
    if graphs:
        _graphs(yes, older_than or "30d", as_json=as_json, workspace=workspace)
    else:
        _platform(yes, older_than or "24h", as_json, workspace, database, blobs)


def _platform(
    yes: bool, older_than: str, as_json: bool, workspace: Path | None, database: str | None, blobs: str | None
) -> None:
    from fenlei.app.storage import existing_store
    from fenlei.settings import Settings
    from fenlei.store.gc import SHORTEST, find_garbage, remove_garbage

    grace = timedelta(seconds=seconds(older_than))
    if grace < SHORTEST:
        raise typer.BadParameter("Younger files than 10m may be about to be referred to.", param_hint="--older-than")
    store = existing_store(Settings.at(workspace, database_url=database, blob_url=blobs))
    try:
        with progress(as_json) as report:
            garbage = remove_garbage(store, grace, report) if yes else find_garbage(store, grace)
    finally:
        store.close()
    if as_json:
        told = {"removed": yes, "files": garbage.files, "bytes": garbage.bytes, "sha256": sorted(garbage.blobs)}
        out.print_json(data=told)
        return
    size = f"{garbage.bytes / 1e6:,.1f} MB"
    if not garbage.files:
        say(f"There is no file older than {older_than} that nothing refers to.")
    elif yes:
        say(f"Removed {garbage.files:,} files, {size}.")
    else:
        say(
            f"{garbage.files:,} files, {size}, are older than {older_than} and nothing refers to them. "
            "`fenlei gc --yes` removes them."
        )


def _graphs(yes: bool, unused: str, *, as_json: bool, workspace: Path | None) -> None:
    from fenlei.model.graphs import Workbench
    from fenlei.settings import Settings

    found = Workbench(Settings.at(workspace)).prune(timedelta(seconds=seconds(unused)), remove=yes)
    if as_json:
        out.print_json(data={"removed": yes, **found._asdict()})
        return
    if not (found.results or found.files):
        say(f"Graphs have left nothing here that was not used for {unused}.")
        return
    what = f"{found.results:,} results of nodes and {found.files:,} files, {found.bytes / 1e6:,.1f} MB"
    if yes:
        say(f"Removed {what}.")
    else:
        say(f"{what}, were not used for {unused}. `fenlei gc --graphs --yes` removes them.")
