"""Run the graph of a canvas project, or a part of it, as it was saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from fenlei.pipelines.errors import NotRunnable, PipelineError
from fenlei.pipelines.graph import Graph
from fenlei.pipelines.runner import Extent
from fenlei.pipelines.shape import predecessors, reached
from fenlei.projects.graphs import check_canvas, opened, problems_of, revision_of
from fenlei.projects.training_run import check_not_archived
from fenlei.runs import enqueue
from fenlei.store import Conflict, Store, Work
from fenlei.store.tables import GraphRevision, Run

GRAPH = "graph"
"""The kind of run."""


def start_graph(
    store: Store,
    project_id: str,
    number: int | None = None,
    *,
    node: str | None = None,
    extent: str = Extent.ALL,
    by: str | None = None,
    priority: int = 0,
    time_limit: float | None = None,
    roots: Sequence[Path] = (),
) -> Run:
    """Ask for a run of a graph as it was saved.

    Args:
        store: where the project is.
        project_id: which.
        number: of the revision; None: the latest.
        node: up to which, or which alone; not needed for all of it.
        extent: `all`, `to here`, or `this` with what is there already.
        by: id of the user who asks.
        priority: greater ones go first.
        time_limit: seconds of work after which it is stopped and has failed.
        roots: folders of this machine below which graphs may read pictures; none: nowhere.

    Returns:
        The run, queued, with the subject `{"project_id", "revision_id", "revision"}`.

    Raises:
        NotFound: there is no such project or revision.
        Conflict: the project is no canvas, is in the archive, or has no graph yet.
        PipelineError: there is no such node, or one is needed.
        NotRunnable: something is wrong with what is to run; it says what.
    """
    wanted = Extent(extent)
    with store.reading() as work:
        project = work.projects.get(project_id)
        check_canvas(project)
        check_not_archived(project)
        revision = revision_of(work, project, number)
    part = part_of(opened(revision).graph, node, wanted)
    faults = [each for each in problems_of(store, part, roots) if each.stops]
    if faults:
        raise NotRunnable(faults)
    with store.writing() as work:
        check_not_archived(work.projects.lock(project_id))
        return enqueue(
            work,
            kind=GRAPH,
            subject={"project_id": project_id, "revision_id": revision.id, "revision": revision.number},
            settings={"extent": wanted.value} if node is None else {"extent": wanted.value, "node": node},
            project_id=project_id,
            priority=priority,
            time_limit=time_limit,
            by=by,
        )


def part_of(graph: Graph, node: str | None, extent: Extent) -> Graph:
    """The part of a graph that is to run.

    Raises:
        PipelineError: there is no such node, or one is needed.
    """
    if extent is Extent.ALL:
        return graph
    before = predecessors(graph)
    if node is None or node not in before:
        there = ", ".join(before) or "none"
        raise PipelineError(f"There is no node {node!r} in the graph; its nodes are: {there}.")
    inside = {node} | reached([node], before)
    return msgspec.structs.replace(
        graph,
        nodes=tuple(each for each in graph.nodes if each.id in inside),
        edges=tuple(each for each in graph.edges if each.target.node in inside),
    )


def graph_run(work: Work, run_id: str) -> tuple[Run, GraphRevision]:
    """A run of a graph, and the revision that it ran.

    Raises:
        NotFound: there is no such run.
        Conflict: it is one of another kind.
    """
    run = work.runs.get(run_id)
    if run.kind != GRAPH:
        raise Conflict(f"The run {run_id} is a run of the kind {run.kind!r}; only runs of graphs have nodes.")
    return run, work.graphs.get(str(run.subject["revision_id"]))
