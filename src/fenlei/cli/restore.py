"""`fenlei restore FILE`: put a backup into an empty workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fenlei.cli.backup import tell_missing
from fenlei.cli.console import out, say
from fenlei.cli.options import AsJson, BlobUrl, DatabaseUrl, Workspace
from fenlei.cli.progress import progress


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `fenlei backup` made.")],
    as_json: AsJson = False,
    workspace: Workspace = None,
    database: DatabaseUrl = None,
    blobs: BlobUrl = None,
) -> None:
    """Bring back everything that a backup holds, into an empty workspace. `fenlei up` then goes on where it was.

    A backup fits any place: one made of SQLite and a folder may be restored into PostgreSQL and S3, and the reverse.
    """
    from fenlei.app.storage import new_store
    from fenlei.settings import Settings
    from fenlei.store.restore import restore as bring_back

    store = new_store(Settings.at(workspace, database_url=database, blob_url=blobs))
    try:
        with progress(as_json) as report:
            restored = bring_back(store, file, report)
    finally:
        store.close()
    if as_json:
        told = {
            "made_at": restored.made_at,
            "rows": restored.rows,
            "blobs": restored.blobs,
            "missing": restored.missing,
        }
        out.print_json(data=told)
    else:
        say(f"Restored {restored.rows:,} rows and {restored.blobs:,} files, as they were at {restored.made_at}.")
    tell_missing(restored.missing, "missing or damaged in the backup")
