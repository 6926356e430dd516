"""`fenlei backup FILE`: everything that is kept, in one file, while the platform runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fenlei import __version__
from fenlei.cli.console import complain, out, say
from fenlei.cli.options import AsJson, BlobUrl, DatabaseUrl, Workspace
from fenlei.cli.progress import progress

SHOWN_MISSING = 5
"""Missing files named in the terminal; --json names all."""


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The tar file to make; it must not exist yet.")],
    as_json: AsJson = False,
    workspace: Workspace = None,
    database: DatabaseUrl = None,
    blobs: BlobUrl = None,
) -> None:
    """Write all rows and files of the platform into one file: data sets, runs, models, deployments, users.

    The platform may run and change meanwhile: the backup is of one moment. What was uploaded and not yet imported is
    not in it, nor are caches. Keep the file as safe as the platform: it holds everything.
    """
    from fenlei.app.storage import existing_store
    from fenlei.settings import Settings
    from fenlei.store.backup import back_up

    store = existing_store(Settings.at(workspace, database_url=database, blob_url=blobs))
    try:
        with progress(as_json) as report:
            made = back_up(store, file, __version__, report)
    finally:
        store.close()
    if as_json:
        told = {"file": str(file), "bytes": made.bytes, "rows": made.rows, "blobs": made.blobs, "missing": made.missing}
        out.print_json(data=told)
    else:
        say(f"{file}  {made.bytes / 1e6:,.1f} MB  {made.rows:,} rows, {made.blobs:,} files", style="bold")
    tell_missing(made.missing, "not in the backup, because they are not there or damaged")


def tell_missing(missing: list[str], what: str) -> None:
    """Complain of files that are missing, and end with 1 when there are any."""
    if missing:
        named = ", ".join(missing[:SHOWN_MISSING]) + (", …" if len(missing) > SHOWN_MISSING else "")
        complain(f"{len(missing)} files are {what}: {named}. Everything else is complete.")
        raise typer.Exit(1)
