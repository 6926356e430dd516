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
