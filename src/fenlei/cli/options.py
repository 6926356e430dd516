"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Workspace = Annotated[
    Path | None,
    typer.Option("--workspace", help="Where caches live.  [default: FENLEI_WORKSPACE or ~/.fenlei]", metavar="DIR"),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="Where rows are kept.  [default: FENLEI_DATABASE_URL or fenlei.db in the workspace]",
        metavar="URL",
    ),
]

BlobUrl = Annotated[
    str | None,
    typer.Option(
        "--blobs",
        help="Where files are kept: a folder or s3://BUCKET/PREFIX.  [default: FENLEI_BLOB_URL or blobs/ in the "
        "workspace]",
        metavar="URL",
    ),
]
