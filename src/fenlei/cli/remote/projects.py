"""`fenlei projects`: the projects of a platform."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fenlei.cli.durations import seconds
from fenlei.cli.options import AsJson
from fenlei.cli.progress import progress
from fenlei.cli.remote.connection import Server, Token, connect, named
from fenlei.cli.remote.following import shown
from fenlei.cli.remote.showing import show_one, show_rows

app = typer.Typer(no_args_is_help=True, help="Projects of a platform.")

Name = Annotated[str, typer.Argument(metavar="PROJECT", help="Name or id.")]
Goal = Annotated[str | None, typer.Option(help="fast, balanced or accurate.")]
Budget = Annotated[str | None, typer.Option(help="Time to try candidates in, such as 30s or 10m.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Of the split and the folds.")]


@app.command("list")
def list_(
    archived: Annotated[bool, typer.Option("--archived", help="Those in the archive instead.")] = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List the projects."""
    with connect(server, token) as platform:
        show_rows(
            platform.projects.list(archived=archived),
            [("name", lambda row: row.name), ("kind", lambda row: row.kind), ("id", lambda row: row.id)],
            as_json=as_json,
            none="There is no project yet; make one with `fenlei projects create NAME --dataset DATASET`.",
        )


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="No other project has it.")],
    dataset: Annotated[str | None, typer.Option(help="Name or id of the data set it works on.")] = None,
    goal: Goal = None,
    budget: Budget = None,
    seed: Seed = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make an automated project."""
    with connect(server, token) as platform:
        data = None if dataset is None else named(platform.datasets.list(), dataset, "data set").id
        made = platform.projects.create(name, data, **_settings(goal, budget, seed))
    show_one(made, as_json=as_json, sentence=f"Made the project {made.name} ({made.id}).")


@app.command("train")
def train(
    project: Name,
    goal: Goal = None,
    budget: Budget = None,
    seed: Seed = None,
    wait: Annotated[bool, typer.Option(help="Wait until it is done.")] = True,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Train on the data set as it is now; tells the figures and the model version."""
    with connect(server, token) as platform:
        found = named(platform.projects.list(), project, "project")
        run = platform.projects.train(found.id, **_settings(goal, budget, seed))
        if not wait:
            sentence = f"{run.id} is {run.state}; `fenlei runs follow {run.id}` waits for it."
            show_one(run, as_json=as_json, sentence=sentence)
            return
        with progress(quiet=as_json) as report:
            done = platform.runs.wait(run.id, on_progress=shown(report))
        result = done.result or {}
        version = platform.models.version(str(result.get("model_version_id")))
    figures = version.metrics or {}
    low, high = figures.get("accuracy_interval", (0.0, 0.0))
    sentence = (
        f"Right on {figures.get('accuracy', 0.0):.1%} of {figures.get('pictures', 0)} held-out pictures (95 % interval "
        f"{low:.1%} to {high:.1%}). Model version {version.id}; publish it with "
        f"`fenlei deployments publish {version.id} NAME`."
    )
    show_one({"run": done, "model_version": version}, as_json=as_json, sentence=sentence)


@app.command("runs")
def runs(project: Name, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List its runs, the latest first."""
    with connect(server, token) as platform:
        found = named(platform.projects.list(), project, "project")
        show_rows(
            platform.projects.runs(found.id),
            [
                ("number", lambda row: row.number),
                ("state", lambda row: row.state),
                ("begun", lambda row: row.started_at),
                ("model version", lambda row: (row.result or {}).get("model_version_id")),
                ("id", lambda row: row.id),
            ],
            as_json=as_json,
            none="It has not been trained yet.",
        )


@app.command("delete")
def delete(
    project: Name,
    everything: Annotated[bool, typer.Option("--everything", help="Although something hangs on it.")] = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Delete a project. What hangs on it is named first."""
    with connect(server, token) as platform:
        platform.projects.delete(named(platform.projects.list(), project, "project").id, everything=everything)
    typer.echo(f"Deleted {project}.")


def _settings(goal: str | None, budget: str | None, seed: int | None) -> dict[str, Any]:
    said = {"goal": goal, "budget": None if budget is None else seconds(budget), "seed": seed}
    return {name: value for name, value in said.items() if value is not None}
