"""Two runs of graphs held side by side, node by node."""

from __future__ import annotations

from typing import Any

from fenlei.pipelines.graph import Graph, Node, graph_of
from fenlei.projects.graph_runs import graph_run
from fenlei.store import Store
from fenlei.store.tables import GraphRevision, NodeRow, Run


def compare_nodes(store: Store, run_a: str, run_b: str) -> dict[str, Any]:
    """Compare two runs of graphs, of one project or of two. Nodes are paired by their ids, which stay when a graph is
    saved, cloned or forked.

    Args:
        store: where they are.
        run_a: id of the one.
        run_b: id of the other.

    Returns:
        JSON-ready: `runs` (id, number, project, revision, state, seconds of both), `same_graph` (whether both did the
        same, wherever their nodes were drawn), and `nodes`: of each the `change` (`same`, `changed`, `added`,
        `removed`), `params` (name, a, b of what differs), `inputs` (edges that only one of them has), `rows` of both
        (state, seconds, memory), `same_result` (whether both left the same behind; None where one left nothing) and
        `figures` (name, a, b, difference b - a) of reports and models.

    Raises:
        NotFound: there is no such run.
        Conflict: one of them is no run of a graph.
    """
    with store.reading() as work:
        runs = [graph_run(work, each) for each in (run_a, run_b)]
        rows = [{row.node: row for row in work.nodes.of(run.id)} for run, _ in runs]
    graphs = [graph_of(revision.graph) for _, revision in runs]
    by_id = [{node.id: node for node in graph.nodes} for graph in graphs]
    order = [*by_id[0], *(each for each in by_id[1] if each not in by_id[0])]
    return {
        "runs": [_head(run, revision) for run, revision in runs],
        "same_graph": runs[0][1].meaning == runs[1][1].meaning,
        "nodes": [
            _node(each, [nodes.get(each) for nodes in by_id], graphs, [found.get(each) for found in rows])
            for each in order
        ],
    }


def _head(run: Run, revision: GraphRevision) -> dict[str, Any]:
    seconds = None
    if run.started_at is not None and run.finished_at is not None:
        seconds = (run.finished_at - run.started_at).total_seconds()
    return {
        "id": run.id,
        "number": run.number,
        "project_id": run.project_id,
        "revision": revision.number,
        "state": run.state,
        "seconds": seconds,
    }


def _node(node_id: str, nodes: list[Node | None], graphs: list[Graph], rows: list[NodeRow | None]) -> dict[str, Any]:
    a, b = nodes
    params = [{} if each is None else each.params for each in nodes]
    names = [*params[0], *(each for each in params[1] if each not in params[0])]
    inputs = [
        {(edge.source.node, edge.source.port, edge.target.port) for edge in graph.edges if edge.target.node == node_id}
        for graph in graphs
    ]
    different = [
        {"name": name, "a": params[0].get(name), "b": params[1].get(name)}
        for name in names
        if params[0].get(name) != params[1].get(name) or (name in params[0]) != (name in params[1])
    ]
    outputs = [{} if row is None else row.outputs for row in rows]
    if a is None or b is None:
        change = "added" if a is None else "removed"
    else:
        kept = (a.type, a.version) == (b.type, b.version) and not different and inputs[0] == inputs[1]
        change = "same" if kept else "changed"
    return {
        "node": node_id,
        "type": [None if each is None else each.type for each in nodes],
        "change": change,
        "params": different if a is not None and b is not None else [],
        "inputs": {
            "a": sorted(_edge(each) for each in inputs[0] - inputs[1]),
            "b": sorted(_edge(each) for each in inputs[1] - inputs[0]),
        },
        "rows": [None if row is None else _row(row) for row in rows],
        "same_result": outputs[0] == outputs[1] if all(outputs) else None,
        "figures": _figures(*outputs),
    }


def _edge(said: tuple[str, str, str]) -> str:
    node, port, into = said
    return f"{node}.{port} → {into}"


def _row(row: NodeRow) -> dict[str, Any]:
    return {"state": row.state, "seconds": row.seconds, "memory": row.memory, "why": row.why}


def _figures(a: dict[str, Any], b: dict[str, Any]) -> list[dict[str, Any]]:
    """Numbers that both told, by port and name."""
    found = []
    for port in a:
        told = [(side.get(port) or {}) for side in (a, b)]
        figures = [each.get("headline") or each.get("metrics") or {} for each in told]
        for name, one in figures[0].items():
            other = figures[1].get(name)
            if _number(one) and _number(other):
                found.append({"name": f"{port}.{name}", "a": one, "b": other, "difference": other - one})
    return found


def _number(said: object) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool)
