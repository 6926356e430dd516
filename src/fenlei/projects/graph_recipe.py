"""Carry out the run of a graph: node by node, each kept as it ends, so that a kill costs what was being done."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fenlei.contract.errors import FenleiError
from fenlei.inference.cores import usable_cores
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.graph import Node
from fenlei.pipelines.node_run import WELL, NodeRun, NodeState
from fenlei.pipelines.reference import Deployment, Model, Report
from fenlei.pipelines.registry import node_types
from fenlei.pipelines.runner import Extent, Runner
from fenlei.projects.graph_memory import RunMemory
from fenlei.projects.graph_reach import Platform
from fenlei.projects.graphs import opened
from fenlei.runs import Recipe, RunContext
from fenlei.store import Work

MOST_NAMED = 5


class NodesFailed(FenleiError):
    """Nodes of a graph did not end well."""


def graph_recipe(cache: Path, engine: str = "auto", backbone: str | None = None) -> Recipe:
    """How runs of graphs are carried out.

    Args:
        cache: the workspace's cache.
        engine: what runs networks.
        backbone: used by nodes that name none.
    """
    return functools.partial(_run, cache=cache, engine=engine, backbone=backbone)


def _run(context: RunContext, *, cache: Path, engine: str, backbone: str | None) -> None:
    with context.store.reading() as work:
        revision = work.graphs.get(str(context.run.subject["revision_id"]))
    graph = opened(revision).graph
    memory = RunMemory(context, graph)

    def hands(of: Node, progress: Callable[[str, float], None]) -> NodeContext:
        return NodeContext(
            blobs=context.store.blobs,
            cache=cache,
            reach=Platform(context, of.id, cache, engine),
            engine=engine,
            backbone=backbone,
            progress=progress,
            log=functools.partial(context.log, step=of.id),
            cancelled=context.cancelled,
        )

    runner = Runner(
        graph,
        node_types(),
        memory,
        hands,
        told=memory.told,
        cancelled=context.cancelled,
        side_by_side=usable_cores(),
    )
    node, extent = context.run.settings.get("node"), Extent(context.run.settings.get("extent", Extent.ALL))
    runs = runner.run(node, extent)
    context.check()
    _refuse_failed(runs)
    context.finish(functools.partial(_told, runs))


def _refuse_failed(runs: dict[str, NodeRun]) -> None:
    failed = [run for run in runs.values() if run.state is NodeState.FAILED]
    if not failed:
        return
    named = "; ".join(f"{run.node}: {run.why.removesuffix('.')}" for run in failed[:MOST_NAMED])
    more = f"; and {len(failed) - MOST_NAMED} more" if len(failed) > MOST_NAMED else ""
    behind = sum(run.state is NodeState.SKIPPED for run in runs.values())
    said = f" {behind} that depend on them did not run." if behind else ""
    raise NodesFailed(f"{len(failed)} of {len(runs)} nodes failed: {named}{more}.{said}")


def _told(runs: dict[str, NodeRun], work: Work) -> dict[str, Any]:
    """What the run leaves behind, in few words; the nodes' own rows say the rest."""
    outputs = [(run, port, each) for run in runs.values() if run.state in WELL for port, each in run.outputs.items()]
    return {
        "nodes": len(runs),
        "worked": sum(run.state is NodeState.DONE for run in runs.values()),
        "cached": sum(run.state is NodeState.CACHED for run in runs.values()),
        "models": [
            {"node": run.node, "port": port, "sha256": each.digest, "bytes": each.bytes, "metrics": each.metrics}
            for run, port, each in outputs
            if isinstance(each, Model)
        ],
        "reports": [
            {"node": run.node, "port": port, "about": each.about, "headline": each.headline}
            for run, port, each in outputs
            if isinstance(each, Report)
        ],
        "deployments": [
            {"node": run.node, "name": each.name, "url": each.url}
            for run, _, each in outputs
            if isinstance(each, Deployment)
        ],
    }
