"""`fenlei graphs run` and what comes after it: nodes, outputs, models, forks, two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from fenlei.cli.console import out, printable, say
from fenlei.cli.options import AsJson
from fenlei.cli.problems import tell_problems
from fenlei.cli.progress import progress
from fenlei.cli.remote.connection import Server, Token, connect
from fenlei.cli.remote.following import happening, shown
from fenlei.cli.remote.showing import show_one, show_rows
from fenlei.cli.remote.training import project_named
from fenlei.contract.errors import FenleiError

RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run of a graph.")]
NodeId = Annotated[str, typer.Argument(metavar="NODE", help="Id of a node.")]
Name = Annotated[
    str | None, typer.Option(help="Of the new project; without it, the old one's with a number behind it.")
]


def run(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Name or id of a canvas project.")],
    to: Annotated[str | None, typer.Option("--to", metavar="NODE", help="Run up to this node.")] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="NODE", help="Run this node alone, with what is there already.")
    ] = None,
    revision: Annotated[int | None, typer.Option(min=1, help="Number of the revision.  [default: the latest]")] = None,
    priority: Annotated[int, typer.Option(min=-100, max=100, help="Runs of a greater one go first.")] = 0,
    time_limit: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="Stop it after so long; it has failed then.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it is done, and tell what becomes of each node.")] = True,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Run the graph of a canvas project on the platform. What was computed before, in any graph there, is not computed
    again. Exit code 1 when a node fails, or when something is wrong with the graph: then all of it is named."""
    from fenlei.client.management import NotPossible

    if to is not None and only is not None:
        raise FenleiError("Give --to or --only, not both.")
    extent: Literal["all", "to here", "this"] = "to here" if to is not None else "this" if only is not None else "all"
    with connect(server, token) as platform:
        found = project_named(platform, project)
        try:
            asked = platform.graphs.run(
                found.id, revision, node=to or only, extent=extent, priority=priority, time_limit=time_limit
            )
        except NotPossible as refused:
            if not refused.problems:
                raise
            tell_problems(refused.problems, as_json=as_json)
            raise typer.Exit(1) from None
        if not wait:
            sentence = f"{asked.id} is {asked.state}; `fenlei runs follow {asked.id}` waits for it."
            show_one(asked, as_json=as_json, sentence=sentence)
            return
        with progress(quiet=as_json) as report:
            listen = happening(report, quiet=as_json)
            done = platform.runs.wait(asked.id, on_progress=shown(report), on_event=listen)
    result = done.result or {}
    sentence = f"{done.id}: {result.get('worked', 0)} nodes worked, {result.get('cached', 0)} were there already."
    show_one(done, as_json=as_json, sentence=sentence)


def nodes(run: RunId, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List what became of the nodes of a run, in the order of its graph."""
    with connect(server, token) as platform:
        show_rows(
            platform.graphs.nodes(run),
            [
                ("node", lambda row: row.node),
                ("state", lambda row: row.state),
                ("busy with", lambda row: f"{row.stage} {row.progress:.0%}" if row.state == "running" else ""),
                ("seconds", lambda row: f"{row.seconds:.1f}" if row.state == "done" else ""),
                ("memory", lambda row: None if row.memory is None else f"{row.memory / 1e6:,.0f} MB"),
                ("gave", lambda row: ", ".join(row.outputs)),
                ("why", lambda row: row.why),
            ],
            as_json=as_json,
            none="None of its nodes was begun.",
        )


def output(
    run: RunId,
    node: NodeId,
    port: Annotated[
        str | None, typer.Argument(metavar="[PORT]", help="Of an output.  [default: the first one]")
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write it: a model file, a report as JSON, an export's zip, a list of pictures.",
        ),
    ] = None,
    server: Server = None,
    token: Token = None,
) -> None:
    """Save an output of a node as a file; without -o, print as JSON what there is to see of it."""
    with connect(server, token) as platform:
        if port is None:
            port = _first(next((each.outputs for each in platform.graphs.nodes(run) if each.node == node), {}), node)
        if target is None:
            seen = platform.graphs.preview(run, node, port)
            typer.echo(msgspec.json.format(msgspec.json.encode(seen), indent=2))
            return
        platform.graphs.output(run, node, port, target)
    say(f"{target} has what {node} gave.")


def keep(run: RunId, node: NodeId, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Make a model version of the model that a node has left behind; it can be published then."""
    with connect(server, token) as platform:
        made = platform.graphs.keep_model(run, node)
    sentence = f"Model version {made.id}; publish it with `fenlei deployments publish {made.id} NAME`."
    show_one(made, as_json=as_json, sentence=sentence)


def fork(run: RunId, name: Name = None, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Make a canvas project whose graph is the one that a run ran, whatever became of that since."""
    with connect(server, token) as platform:
        made = platform.graphs.fork(run, name)
    show_one(made, as_json=as_json, sentence=f"Made the project {made.name} ({made.id}).")


def open_(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a training.")],
    name: Name = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make a canvas project of a training of an automated project: the graph that learns the very same model."""
    with connect(server, token) as platform:
        made = platform.graphs.open_training(run, name)
    show_one(made, as_json=as_json, sentence=f"Made the project {made.name} ({made.id}).")


def compare(
    run: RunId,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Id of another run of a graph.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Hold two runs of graphs side by side, node by node: what differs, and what came of it."""
    with connect(server, token) as platform:
        found = platform.graphs.compare(run, other)
    if as_json:
        show_one(found, as_json=True, sentence="")
        return
    for node in found.nodes:
        results = {True: "the same result", False: "another result", None: "no result in one of them"}
        out.print(f"{printable(node.node)}: {node.change}; {results[node.same_result]}", markup=False)
        for each in node.params:
            out.print(f"  {printable(each['name'])}: {_value(each['a'])} → {_value(each['b'])}", markup=False)
        for side, word in (("a", "no more"), ("b", "now")):
            for edge in node.inputs[side]:
                out.print(f"  {word}: {printable(edge)}", markup=False)
        for each in node.figures:
            if each["difference"]:
                out.print(f"  {printable(each['name'])}: {each['a']:.4g} → {each['b']:.4g}", markup=False)


def _first(outputs: dict[str, object], node: str) -> str:
    if not outputs:
        raise FenleiError(f"The node {node!r} has left nothing behind in this run; `fenlei graphs nodes` says why.")
    return next(iter(outputs))


def _value(value: object) -> str:
    return "as by default" if value is None else printable(msgspec.json.encode(value).decode())
