"""`fenlei up`: the platform, from one command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fenlei.cli.console import say
from fenlei.cli.options import BlobUrl, DatabaseUrl, Workspace

if TYPE_CHECKING:
    from fenlei.app.up import Up


def up(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    workspace: Workspace = None,
    database: DatabaseUrl = None,
    blobs: BlobUrl = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that carry out runs; 0 where `fenlei worker` runs elsewhere.")
    ] = 1,
    demo: Annotated[
        bool, typer.Option("--demo", help="Begin with a project, a model and a deployment of handwritten digits.")
    ] = False,
) -> None:
    """Run the platform: data sets, projects, runs, models, deployments, and the prediction URLs. Ctrl-C or SIGTERM
    ends it when what is in flight is done; everything is found again at the next start."""
    from fenlei.app.up import up
    from fenlei.settings import Settings

    def ready(now: Up) -> None:
        announce(now)
        if demo:
            from fenlei.cli.demo import show_demo

            show_demo(now, settings.workspace / "demo")
        say("Ctrl-C ends it.")

    settings = Settings.at(workspace, database_url=database, blob_url=blobs)
    raise typer.Exit(up(settings, host=host, port=port, workers=workers, on_ready=ready))


def announce(now: Up) -> None:
    """Print the address, and the link that lets its owner in, each on stdout and alone."""
    say("Fenlei is up at")
    typer.echo(now.base)
    if now.sign_in is not None:
        say("Sign in with this link; it works once, within a day:")
        typer.echo(now.sign_in)
