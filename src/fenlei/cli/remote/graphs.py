"""`fenlei graphs`: the graphs of canvas projects on a platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from fenlei.cli.console import printable, say, shell_quote
from fenlei.cli.options import AsJson
from fenlei.cli.problems import tell_problems
from fenlei.cli.remote import graph_runs
from fenlei.cli.remote.choosing import dataset_of
from fenlei.cli.remote.connection import Server, Token, connect
from fenlei.cli.remote.showing import show_one, show_rows
from fenlei.cli.remote.training import project_named
from fenlei.contract.errors import FenleiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fenlei.client.management.graph_records import NodePort

app = typer.Typer(no_args_is_help=True, help="Graphs of canvas projects on a platform.")

Project = Annotated[str, typer.Argument(metavar="PROJECT", help="Name or id of a canvas project.")]
GraphFile = Annotated[Path, typer.Argument(metavar="GRAPH", help="A graph as a JSON file.")]
Revision = Annotated[int | None, typer.Option(min=1, help="Number of the revision.  [default: the latest]")]


@app.command("types")
def types(server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the node types of a platform; what --json prints has their parameters."""
    with connect(server, token) as platform:
        found = platform.graphs.node_types()
    if as_json:
        show_one(found, as_json=True, sentence="")
        return
    for sentence in found.broken:
        say(printable(sentence), style="yellow")
    show_rows(
        found.types,
        [
            ("type", lambda row: row.name),
            ("name", lambda row: row.title.en),
            ("takes", lambda row: _ports(row.inputs)),
            ("gives", lambda row: _ports(row.outputs)),
        ],
        as_json=False,
        none="There is none.",
    )


@app.command("templates")
def templates(server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the graphs to begin with, and when each is the right one."""
    with connect(server, token) as platform:
        show_rows(
            platform.graphs.templates(),
            [("template", lambda row: row.name), ("when", lambda row: row.help.en)],
            as_json=as_json,
            none="There is none.",
        )


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the project; no other project has it.")],
    template: Annotated[str, typer.Option(help="Which template; `fenlei graphs templates` lists them.")],
    dataset: Annotated[str, typer.Option(help="Name or id of the data set whose pictures it reads.")],
    version: Annotated[
        int | None, typer.Option(min=1, help="Number of a version of it.  [default: as it is when the graph runs]")
    ] = None,
    publish: Annotated[
        str | None, typer.Option(metavar="NAME", help="Publish its model under this name.  [default: it is not]")
    ] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make a canvas project of a template."""
    with connect(server, token) as platform:
        data = dataset_of(platform, dataset).id
        made = platform.graphs.create(name, template, data, version=version, publish=publish)
    sentence = f"Made the project {made.name} ({made.id}); run it with `fenlei graphs run {shell_quote(made.name)}`."
    show_one(made, as_json=as_json, sentence=sentence)


@app.command("check")
def check(graph: GraphFile, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Say what is wrong with a graph on a platform, and with the data that it names there. Nothing is saved and nothing
    runs. Exit code 1 when something stands in its way."""
    said = _read(graph)
    with connect(server, token) as platform:
        found = platform.graphs.check(said)
    if as_json:
        show_one(found, as_json=True, sentence="")
    else:
        _tell_changed(found.changed)
        tell_problems(found.problems, as_json=False)
    if not found.runs:
        raise typer.Exit(1)


@app.command("save")
def save(
    project: Project,
    graph: GraphFile,
    note: Annotated[str, typer.Option(help="Whatever people want to know about this revision.")] = "",
    after: Annotated[
        int | None, typer.Option(min=0, help="Only if the latest revision is this one still; 0: if there is none.")
    ] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Save a graph as the next revision of a canvas project. It may have faults; `show` names them."""
    said = _read(graph)
    with connect(server, token) as platform:
        made = platform.graphs.save(project_named(platform, project).id, said, note, after=after)
    show_one(
        made, as_json=as_json, sentence=f"It is revision {made.number}; run it with `fenlei graphs run {project}`."
    )


@app.command("show")
def show(
    project: Project, revision: Revision = None, server: Server = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Show the graph of a project, and what is wrong with it now."""
    with connect(server, token) as platform:
        found = platform.graphs.get(project_named(platform, project).id, revision)
    if as_json:
        show_one(found, as_json=True, sentence="")
        return
    note = f": {printable(found.note)}" if found.note else ""
    say(f"Revision {found.number}{note}")
    edges = found.graph["edges"]
    show_rows(
        found.graph["nodes"],
        [
            ("node", lambda row: row["id"]),
            ("type", lambda row: row["type"]),
            ("name", lambda row: row["title"]),
            ("takes", lambda row: ", ".join(".".join(e["source"]) for e in edges if e["target"][0] == row["id"])),
            ("parameters", lambda row: _params(row["params"])),
        ],
        as_json=False,
        none="It has no nodes.",
    )
    _tell_changed(found.changed)
    tell_problems(found.problems, as_json=False)


@app.command("export")
def export(
    project: Project,
    target: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    script: Annotated[
        bool, typer.Option("--script", help="As a Python script that, run alone, makes the same model files.")
    ] = False,
    revision: Revision = None,
    server: Server = None,
    token: Token = None,
) -> None:
    """Write the graph of a project to a file, which `fenlei run` and `fenlei graphs save` read."""
    with connect(server, token) as platform:
        save = platform.graphs.script if script else platform.graphs.file
        save(project_named(platform, project).id, target, revision)
    say(f"Wrote {target}.")


@app.command("revisions")
def revisions(project: Project, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the revisions of the graph of a project, the latest first."""
    with connect(server, token) as platform:
        show_rows(
            platform.graphs.revisions(project_named(platform, project).id),
            [
                ("number", lambda row: row.number),
                ("saved", lambda row: row.created_at),
                ("note", lambda row: row.note),
                ("does the same as", lambda row: row.meaning[:8]),
            ],
            as_json=as_json,
            none="No graph was saved in it yet; `fenlei graphs save PROJECT GRAPH.json` does.",
        )


app.command("run")(graph_runs.run)
app.command("nodes")(graph_runs.nodes)
app.command("output")(graph_runs.output)
app.command("keep")(graph_runs.keep)
app.command("fork")(graph_runs.fork)
app.command("open")(graph_runs.open_)
app.command("compare")(graph_runs.compare)


def _tell_changed(changed: dict[str, str]) -> None:
    for node, sentence in changed.items():
        say(f"{printable(node)}: {printable(sentence)}")


def _read(path: Path) -> dict[str, Any]:
    """What a graph file says; the platform looks whether it is a graph.

    Raises:
        FenleiError: it cannot be read, or is no JSON object.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as exc:
        raise FenleiError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
    except (msgspec.DecodeError, UnicodeError) as exc:
        raise FenleiError(f"{path} is no graph: {exc}.") from exc


def _ports(ports: Sequence[NodePort]) -> str:
    return ", ".join(port.name if port.required else f"[{port.name}]" for port in ports)


def _params(params: dict[str, Any]) -> str:
    return ", ".join(f"{name} {msgspec.json.encode(value).decode()}" for name, value in params.items())
