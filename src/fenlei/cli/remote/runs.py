"""`fenlei runs`: what runs on a platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fenlei.cli.options import AsJson
from fenlei.cli.progress import progress
from fenlei.cli.remote.connection import Server, Token, connect
from fenlei.cli.remote.following import shown
from fenlei.cli.remote.showing import show_one, show_rows

app = typer.Typer(no_args_is_help=True, help="Runs of a platform.")

RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")]


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="queued, running, done, failed or cancelled.")] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List the runs, the latest first."""
    with connect(server, token) as platform:
        show_rows(
            platform.runs.list(state=state),
            [
                ("id", lambda row: row.id),
                ("kind", lambda row: row.kind),
                ("state", lambda row: row.state),
                ("progress", lambda row: f"{row.progress:.0%}"),
                ("begun", lambda row: row.started_at),
                ("error", lambda row: row.error),
            ],
            as_json=as_json,
            none="There is no run yet.",
        )


@app.command("show")
def show(run: RunId, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show a run."""
    with connect(server, token) as platform:
        found = platform.runs.get(run)
    place = f", {found.position}. in the queue" if found.position else ""
    sentence = f"{found.kind} is {found.state}{place}, {found.progress:.0%} done. {found.error or found.stage}"
    show_one(found, as_json=as_json, sentence=sentence.strip())


@app.command("follow")
def follow(run: RunId, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Wait until a run is done, with its progress; exits with 1 when it failed."""
    with connect(server, token) as platform, progress(quiet=as_json) as report:
        done = platform.runs.wait(run, on_progress=shown(report))
    show_one(done, as_json=as_json, sentence=f"{done.kind} is done.")


@app.command("cancel")
def cancel(
    run: RunId,
    force: Annotated[bool, typer.Option("--force", help="Kill its process at once.")] = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Ask a run to stop."""
    with connect(server, token) as platform:
        found = platform.runs.cancel(run, force=force)
    show_one(found, as_json=as_json, sentence=f"The run is asked to stop; it is {found.state} now.")


@app.command("retry")
def retry(run: RunId, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Ask for a run again, as a new run."""
    with connect(server, token) as platform:
        found = platform.runs.retry(run)
    show_one(found, as_json=as_json, sentence=f"{found.id} is {found.state}.")


@app.command("log")
def log(
    run: RunId,
    target: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    server: Server = None,
    token: Token = None,
) -> None:
    """Save the log of a run."""
    with connect(server, token) as platform:
        platform.runs.log(run, target)
    typer.echo(target)
