"""`fenlei runs`: what runs on a platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fenlei.cli.leaderboard import print_board
from fenlei.cli.options import AsJson
from fenlei.cli.progress import progress
from fenlei.cli.remote.connection import Server, Token, connect
from fenlei.cli.remote.following import happening, shown
from fenlei.cli.remote.showing import show_one, show_rows
from fenlei.cli.remote.training import project_named

app = typer.Typer(no_args_is_help=True, help="Runs of a platform.")

RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="The file to write.")]


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="queued, running, done, failed or cancelled.")] = None,
    kind: Annotated[str | None, typer.Option(help="import, check, train, export or graph.")] = None,
    project: Annotated[str | None, typer.Option(help="Name or id of a project.")] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List the runs, the latest first."""
    with connect(server, token) as platform:
        of = None if project is None else project_named(platform, project).id
        show_rows(
            platform.runs.list(project_id=of, state=state, kind=kind),
            [
                ("id", lambda row: row.id),
                ("kind", lambda row: row.kind),
                ("state", lambda row: row.state),
                ("place", lambda row: row.position),
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
    """Wait until a run is done, with its progress and, of a training, each candidate as it is tried, of a graph, each
    node as it ends; exits with 1 when it failed."""
    with connect(server, token) as platform, progress(quiet=as_json) as report:
        done = platform.runs.wait(run, on_progress=shown(report), on_event=happening(report, quiet=as_json))
    show_one(done, as_json=as_json, sentence=f"{done.kind} is done.")


@app.command("leaderboard")
def leaderboard(run: RunId, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show what a training has tried so far, the best first."""
    with connect(server, token) as platform:
        found = platform.runs.leaderboard(run)
    if as_json:
        show_one(found, as_json=True, sentence="")
    elif found:
        print_board(found)
    else:
        typer.echo("Nothing was tried yet.")


@app.command("keep-best")
def keep_best(run: RunId, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Make a model version of the best that a training has found so far; it can be published while the search goes
    on."""
    with connect(server, token) as platform:
        made = platform.runs.keep_best(run)
    sentence = f"Model version {made.id}; publish it with `fenlei deployments publish {made.id} NAME`."
    show_one(made, as_json=as_json, sentence=sentence)


@app.command("finish")
def finish(run: RunId, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """End the search of a training and keep the best so far: the run is done then, with a model version."""
    with connect(server, token) as platform:
        found = platform.runs.finish(run)
    sentence = f"The run is asked to end with the best so far; `fenlei runs follow {found.id}` waits for it."
    show_one(found, as_json=as_json, sentence=sentence)


@app.command("events")
def events(
    run: RunId,
    after: Annotated[int, typer.Option(min=0, help="Go on behind the event of this id.")] = 0,
    server: Server = None,
    token: Token = None,
) -> None:
    """Print what happens in a run as it happens, one JSON object a line, until it is over: states, progress, figures,
    log lines, early results."""
    with connect(server, token) as platform:
        for event in platform.runs.events(run, after):
            typer.echo(msgspec.json.encode(event))


@app.command("steps")
def steps(run: RunId, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the parts of a run that were begun; what is done is not done again after a kill."""
    with connect(server, token) as platform:
        show_rows(
            platform.runs.steps(run),
            [
                ("step", lambda row: row.name),
                ("state", lambda row: row.state),
                ("begun", lambda row: row.started_at),
                ("done", lambda row: row.finished_at),
            ],
            as_json=as_json,
            none="No step of it was begun.",
        )


@app.command("suspects")
def suspects(
    run: RunId,
    first: Annotated[int, typer.Option(min=1, max=1000, help="So many of them at most.")] = 100,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List the pictures that a training would have somebody look at again, the most suspicious first."""
    with connect(server, token) as platform:
        found = platform.runs.suspects(run, first)
    if as_json:
        show_one(found, as_json=True, sentence="")
        return
    show_rows(
        found.suspects,
        [
            ("picture", lambda row: row.picture_id),
            ("name", lambda row: row.name),
            ("label", lambda row: row.label),
            ("looks like", lambda row: row.likelier),
            ("score", lambda row: None if row.likelier_score is None else f"{row.likelier_score:.0%}"),
            ("because of", lambda row: ", ".join(row.reasons)),
            ("twin", lambda row: row.twin.name if row.twin else None),
            ("settled", lambda row: "yes" if row.settled else None),
        ],
        as_json=False,
        none="No picture of it looks wrongly labelled or out of place.",
    )


@app.command("cancel")
def cancel(
    run: RunId,
    force: Annotated[bool, typer.Option("--force", help="Kill its process at once.")] = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Ask a run to stop, and leave no model; asked a second time, its process is killed."""
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
    target: Output,
    step: Annotated[str | None, typer.Option(help="Only of this step; `fenlei runs steps RUN` names them.")] = None,
    server: Server = None,
    token: Token = None,
) -> None:
    """Save the log of a run, or of one of its steps."""
    with connect(server, token) as platform:
        platform.runs.log(run, target, step=step)
    typer.echo(target)


@app.command("file")
def file(run: RunId, target: Output, server: Server = None, token: Token = None) -> None:
    """Save the file that a run has made: the zip of an export."""
    with connect(server, token) as platform:
        platform.runs.file(run, target)
    typer.echo(target)


@app.command("workers")
def workers(server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the processes that carry out runs."""
    with connect(server, token) as platform:
        show_rows(
            platform.runs.workers(),
            [
                ("id", lambda row: row.id),
                ("process", lambda row: row.pid),
                ("side by side", lambda row: row.concurrency),
                ("since", lambda row: row.started_at),
                ("seen", lambda row: row.seen_at),
                ("machine", lambda row: row.host),
            ],
            as_json=as_json,
            none="Nobody carries out runs; they wait. Start `fenlei worker`.",
        )
