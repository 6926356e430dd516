"""`fenlei run GRAPH.json`: carry out a graph of nodes on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from fenlei.cli.console import err, printable, say
from fenlei.cli.durations import about
from fenlei.cli.graph_source import graph_of, list_templates, write
from fenlei.cli.options import AsJson, Workspace
from fenlei.cli.problems import tell_problems
from fenlei.cli.remote.connection import Server, Token
from fenlei.contract.errors import FenleiError

if TYPE_CHECKING:
    from fenlei.model.graphs import Workbench
    from fenlei.pipelines.context import Reach
    from fenlei.pipelines.graph import Graph
    from fenlei.pipelines.node_run import NodeRun
    from fenlei.pipelines.reference import AnyReference
    from fenlei.store import Blobs


def run(
    graph: Annotated[
        Path | None, typer.Argument(metavar="GRAPH", help="A graph as a JSON file.", show_default=False)
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="NODE", help="Run up to this node.")] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="NODE", help="Run this node alone, with what is there already.")
    ] = None,
    save: Annotated[
        list[str] | None,
        typer.Option(
            "--save",
            metavar="NODE=FILE",
            help="Write what a node gave: a model file, a report as JSON, or an export's zip. May be repeated.",
        ),
    ] = None,
    show: Annotated[
        str | None,
        typer.Option(
            "--show",
            metavar="NODE",
            help="Print as JSON what there is to see of what a node gave: counts, a map, a card.",
        ),
    ] = None,
    template: Annotated[
        str | None, typer.Option("--template", metavar="NAME", help="Run a template in place of a file.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="With --template: class folders, or a zip of these.")
    ] = None,
    publish: Annotated[
        str | None,
        typer.Option("--publish", metavar="NAME", help="With --template: let the model answer under this name."),
    ] = None,
    templates: Annotated[bool, typer.Option("--templates", help="List the templates, and run nothing.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the graph, to be edited, and run nothing."),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option("--script", metavar="FILE", help="Write the graph as a Python script, and run nothing."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Say what is wrong with the graph, and run nothing.")] = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Carry out a graph of nodes, branches side by side. What was computed before, in this graph or another one, is
    not computed again: change one node, and only what depends on it runs. A node that publishes does so on the platform
    that one is signed in to (`fenlei login`).

    Where there is no graph yet, a template on a folder of pictures is one: `--template quick-classifier --data photos`.
    Any graph can be written as a Python script that makes the same model files.

    A graph that was stopped or killed goes on from the nodes that were finished. Exit code 1 when a node fails, or when
    something is wrong with the graph.
    """
    from fenlei.model.graphs import Workbench
    from fenlei.model.node_lines import NodeLines
    from fenlei.model.signed import Signed
    from fenlei.pipelines.node_run import WELL
    from fenlei.settings import Settings

    if templates:
        list_templates()
        return
    if to is not None and only is not None:
        raise FenleiError("Give --to or --only, not both.")
    if show is not None and as_json:
        raise FenleiError("Give --show or --json, not both; each prints JSON.")
    targets = _targets(save or [])
    bench = Workbench(Settings.at(workspace))
    for sentence in bench.types.broken:
        say(printable(sentence), style="yellow")
    drawn = graph_of(bench, graph, template, data, publish)
    if output is not None or script is not None:
        _write(drawn, bench, output, script)
        return
    problems = bench.problems(drawn)
    if check or problems:
        tell_problems(problems, as_json=as_json)
        raise typer.Exit(1 if problems else 0)
    named = [("--save", node) for node, _ in targets] + ([] if show is None else [("--show", show)])
    for option, node in named:
        if node not in {each.id for each in drawn.nodes}:
            raise FenleiError(f"{option} names the node {node!r}, which is not in the graph.")
    names = {each.id: f"{each.id} ({each.title or each.type})" for each in drawn.nodes}
    with NodeLines(names, (lambda line: None) if as_json else say, None if as_json else err) as lines:
        reach = Signed(bench.blobs, server, token)
        alone = only is not None
        runs = bench.run(drawn, to or only, reach=reach, alone=alone, told=lines.heard, log=lines.log)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(runs), indent=2))
    for node, path in targets:
        if node in runs:
            _save(runs[node], path, bench.blobs)
    if show in runs:
        typer.echo(_shown(runs[show], bench, reach))
    ended = [each for each in runs.values() if each.state not in WELL]
    if ended:
        raise typer.Exit(1)
    if not as_json:
        _sum_up(runs)


def _write(graph: Graph, bench: Workbench, output: Path | None, script: Path | None) -> None:
    from fenlei.pipelines.graph import write_graph
    from fenlei.pipelines.script import as_script

    if output is not None:
        write(output, write_graph(graph), "the graph")
    if script is not None:
        write(script, as_script(graph, bench.types).encode(), "the script")


def _targets(said: list[str]) -> list[tuple[str, Path]]:
    found = []
    for each in said:
        node, sign, path = each.partition("=")
        if not (node and sign and path):
            raise FenleiError(f"--save {each!r} is not understood; NODE=FILE is.")
        found.append((node, Path(path)))
    return found


def _save(run: NodeRun, path: Path, blobs: Blobs) -> None:
    """Write the first output of a node that is a file: a model, or a report.

    Raises:
        FenleiError: it has none.
    """
    from fenlei.pipelines.reference import Model, Report

    found: list[AnyReference] = [each for each in run.outputs.values() if isinstance(each, Model | Report)]
    if not found:
        raise FenleiError(f"The node {run.node!r} gave no model and no report, so {path} was not written.")
    blobs.save_to(found[0].digest, path)
    say(f"{path} has what {run.node} gave.")


def _shown(run: NodeRun, bench: Workbench, reach: Reach) -> bytes:
    """What there is to see of each output of a node, as JSON."""
    seen = {name: bench.preview(reference, reach) for name, reference in run.outputs.items()}
    return msgspec.json.format(msgspec.json.encode(seen), indent=2)


def _sum_up(runs: dict[str, NodeRun]) -> None:
    from fenlei.pipelines.node_run import NodeState

    worked = [each for each in runs.values() if each.state is NodeState.DONE]
    seconds = sum(each.seconds for each in worked)
    say(f"{len(worked)} nodes worked for {about(seconds)}, {len(runs) - len(worked)} were there already.", style="bold")
