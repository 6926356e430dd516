"""`fenlei worker`: carry out runs; and what it starts for each of them."""

from __future__ import annotations

from typing import Annotated

import typer

from fenlei.cli.console import say
from fenlei.cli.options import BlobUrl, DatabaseUrl, Workspace


def worker(
    workspace: Workspace = None,
    database: DatabaseUrl = None,
    blobs: BlobUrl = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Runs side by side; one training at most.")] = 2,
    tied: Annotated[bool, typer.Option("--tied", hidden=True)] = False,
) -> None:
    """Carry out runs: imports, checks, training. `fenlei up` starts one by itself; more may run beside it, on any
    machine that reaches database and blobs. Ctrl-C or SIGTERM ends it; runs under way go on elsewhere, or later."""
    from fenlei.app.worker import work
    from fenlei.settings import Settings

    def ready() -> None:
        if not tied:
            say("Looking for runs. Ctrl-C ends it.")

    settings = Settings.at(workspace, database_url=database, blob_url=blobs)
    raise typer.Exit(work(settings, concurrency=concurrency, tied=tied, on_ready=ready))


def run_job(run_id: str, fence: int) -> None:
    """Carry out one run for a worker, which is at the other end of standard input."""
    from fenlei.app.worker import carry_out_run
    from fenlei.settings import Settings

    raise typer.Exit(carry_out_run(Settings.at(None), run_id, fence))
