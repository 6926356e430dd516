"""`fenlei projects`: the projects of a platform."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fenlei.cli.console import out, printable, say
from fenlei.cli.options import AsJson
from fenlei.cli.remote import training
from fenlei.cli.remote.connection import Server, Token, connect, named
from fenlei.cli.remote.showing import show_one, show_rows
from fenlei.cli.remote.training import project_named
from fenlei.cli.remote.training_options import with_training_options

if TYPE_CHECKING:
    from fenlei.client.management.hanging import ProjectHanging

app = typer.Typer(no_args_is_help=True, help="Projects of a platform.")
app.command("train")(training.train)
app.command("runs")(training.runs)
app.command("compare")(training.compare)

Name = Annotated[str, typer.Argument(metavar="PROJECT", help="Name or id.")]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="No other project has it.")]
Dataset = Annotated[str | None, typer.Option(help="Name or id of the data set it works on.")]
Note = Annotated[str | None, typer.Option(help="Whatever people want to know about it.")]


class Kind(StrEnum):
    """What a project is."""

    AUTOMATED = "automated"
    CANVAS = "canvas"


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
@with_training_options
def create(
    name: NewName,
    dataset: Dataset = None,
    kind: Annotated[Kind, typer.Option(help="One that trains by itself, or one that a person draws.")] = Kind.AUTOMATED,
    note: Note = None,
    *,
    settings: dict[str, Any],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make a project."""
    with connect(server, token) as platform:
        data = None if dataset is None else named(platform.datasets.list(), dataset, "data set").id
        made = platform.projects.create(name, data, kind=kind.value, note=note or "", **settings)
    show_one(made, as_json=as_json, sentence=f"Made the project {made.name} ({made.id}).")


@app.command("show")
def show(project: Name, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show a project, and what hangs on it."""
    with connect(server, token) as platform:
        found = project_named(platform, project)
        hanging = platform.projects.what_hangs_on(found.id)
        data = None if found.dataset_id is None else platform.datasets.get(found.dataset_id).name
    if as_json:
        show_one({"project": found, "hanging": hanging}, as_json=True, sentence="")
        return
    place = ", in the archive" if found.archived_at else ""
    out.print(f"{printable(found.name)}: {found.kind}{place}; {found.id}", markup=False, soft_wrap=True)
    for what, value in (("data set", data), ("settings", _written(found.settings)), ("note", found.note)):
        if value:
            out.print(f"  {what}: {printable(value)}", markup=False, soft_wrap=True)
    for line in _hanging(hanging):
        out.print(f"  {line}", markup=False, soft_wrap=True)


@app.command("change")
@with_training_options
def change(
    project: Name,
    dataset: Dataset = None,
    note: Note = None,
    *,
    settings: dict[str, Any],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Choose its data set, change its note or single settings; what is not named stays."""
    with connect(server, token) as platform:
        found = project_named(platform, project)
        said: dict[str, Any] = {"note": note, "settings": {**found.settings, **settings} if settings else None}
        if dataset is not None:
            said["dataset_id"] = named(platform.datasets.list(), dataset, "data set").id
        changed = platform.projects.change(found.id, revision=found.revision, **said)
    show_one(changed, as_json=as_json, sentence=f"{changed.name}: {_written(changed.settings) or 'as by default'}.")


@app.command("rename")
def rename(project: Name, name: NewName, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Give it another name. Its models and deployments keep theirs."""
    with connect(server, token) as platform:
        changed = platform.projects.rename(project_named(platform, project).id, name)
    show_one(changed, as_json=as_json, sentence=f"It is called {changed.name} now.")


@app.command("clone")
def clone(
    project: Name,
    name: Annotated[
        str | None, typer.Option(help="Of the new one; without it, the old one's with a number behind it.")
    ] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make one like it, without runs, models and deployments."""
    with connect(server, token) as platform:
        made = platform.projects.clone(project_named(platform, project).id, name)
    show_one(made, as_json=as_json, sentence=f"Made the project {made.name} ({made.id}).")


@app.command("archive")
def archive(
    project: Name,
    back: Annotated[bool, typer.Option("--back", help="Take it out of the archive instead.")] = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Put it out of sight; it cannot be run until it is taken back. Its deployments go on answering."""
    with connect(server, token) as platform:
        moved = platform.projects.archive(project_named(platform, project).id, not back)
    place = "in the archive" if moved.archived_at else "out of the archive"
    show_one(moved, as_json=as_json, sentence=f"{moved.name} is {place}.")


@app.command("delete")
def delete(
    project: Name,
    everything: Annotated[bool, typer.Option("--everything", help="Although something hangs on it.")] = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Delete a project. What hangs on it is named first."""
    with connect(server, token) as platform:
        found = project_named(platform, project)
        platform.projects.delete(found.id, everything=everything)
    say(f"Deleted {found.name}.")


def _written(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items() if value is not None)


def _hanging(hanging: ProjectHanging) -> Iterator[str]:
    """What would go, or lose its project, with it."""
    if hanging.runs:
        yield f"runs: {hanging.runs}, {len(hanging.unfinished)} of them not over"
    for model in hanging.models:
        yield f"model: {printable(model.name)}, {model.versions} versions"
    for deployment in hanging.deployments:
        yield f"deployment: {deployment.name}"
