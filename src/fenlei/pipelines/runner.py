"""Carry a graph out: each node when what it takes is there, branches side by side, nothing twice.

A node that fails stops only what depends on it. Who cancels is obeyed between nodes, and by nodes that ask. What ended
is kept before anybody hears of it, so that a killed run goes on from there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from enum import StrEnum
from graphlib import TopologicalSorter
from typing import Any

import msgspec

from fenlei.contract.errors import FenleiError
from fenlei.pipelines.check import check_graph, predecessors
from fenlei.pipelines.context import NodeContext, Stopped
from fenlei.pipelines.errors import NotRunnable, PipelineError
from fenlei.pipelines.graph import Graph, Node
from fenlei.pipelines.key import key_of
from fenlei.pipelines.memory import Memory, Outputs
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.node_run import WELL, NodeRun, NodeState
from fenlei.pipelines.parameters import read_params
from fenlei.pipelines.reference import OF_KIND, Reference
from fenlei.pipelines.registry import NodeTypes

OFTEN = 0.25
"""Seconds between two looks at whether somebody cancels."""


class Extent(StrEnum):
    """How much of a graph is run."""

    ALL = "all"
    TO_HERE = "to here"
    THIS = "this"


class Runner:
    """Carries out one graph, once.

    Args:
        graph: without faults.
        types: that are here.
        memory: of results.
        context: what a node has in its hands; called once for each.
        told: whenever something is known of a node; from any thread, one word at a time.
        cancelled: asked often; True stops.
        side_by_side: how many nodes may work at once.
    """

    def __init__(
        self,
        graph: Graph,
        types: NodeTypes,
        memory: Memory,
        context: Callable[[Node, Callable[[str, float], None]], NodeContext],
        *,
        told: Callable[[NodeRun], None] = lambda run: None,
        cancelled: Callable[[], bool] = lambda: False,
        side_by_side: int = 2,
    ) -> None:
        self._graph, self._types, self._memory = graph, types, memory
        self._context, self._told, self._cancelled = context, told, cancelled
        self._side_by_side = max(1, side_by_side)
        self._runs: dict[str, NodeRun] = {}
        self._lock = threading.Lock()

    def run(self, node: str | None = None, extent: Extent = Extent.ALL) -> dict[str, NodeRun]:
        """Run all of it, up to one node, or one node alone with what is there already.

        Args:
            node: up to which, or which; not needed for all of it.
            extent: how much.

        Returns:
            What became of each node that was to run.

        Raises:
            NotRunnable: the graph has faults, or what the node alone needs is not there.
        """
        wanted = self._wanted(node, extent)
        faults = [each for each in check_graph(self._part(wanted), self._types) if each.stops]
        if faults:
            raise NotRunnable(faults)
        self._runs = {}
        for each in wanted:
            self._say(NodeRun(node=each))
        alone = node if extent is Extent.THIS else None
        self._work(wanted, alone)
        return dict(self._runs)

    def _wanted(self, node: str | None, extent: Extent) -> list[str]:
        before = predecessors(self._graph)
        if extent is Extent.ALL:
            return [each.id for each in self._graph.nodes]
        if node is None or node not in before:
            raise PipelineError(f"There is no node {node!r} in the graph.")
        found: set[str] = set()
        ahead = [node]
        while ahead:
            each = ahead.pop()
            if each not in found:
                found.add(each)
                ahead += before[each]
        return [each.id for each in self._graph.nodes if each.id in found]

    def _part(self, wanted: Iterable[str]) -> Graph:
        inside = set(wanted)
        return msgspec.structs.replace(
            self._graph,
            nodes=tuple(each for each in self._graph.nodes if each.id in inside),
            edges=tuple(each for each in self._graph.edges if each.target.node in inside),
        )

    def _work(self, wanted: list[str], alone: str | None) -> None:
        before = predecessors(self._part(wanted))
        order = TopologicalSorter(before)
        order.prepare()
        going: dict[Future[None], str] = {}
        with ThreadPoolExecutor(self._side_by_side, thread_name_prefix="fenlei-node") as pool:
            while order.is_active():
                for each in order.get_ready():
                    going[pool.submit(self._one, each, alone)] = each
                done, _ = wait(going, timeout=OFTEN, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                    order.done(going.pop(future))

    def _one(self, node_id: str, alone: str | None) -> None:
        """One node from waiting to its end, whatever that is."""
        if self._cancelled():
            self._end(node_id, NodeState.CANCELLED, "The run was called off.")
            return
        missing = self._lacking(node_id)
        if missing is not None:
            self._end(node_id, NodeState.SKIPPED, f"It depends on {missing}, which did not end well.")
            return
        try:
            self._carry_out(self._graph.node(node_id), may_work=alone in (None, node_id))
        except Stopped:
            self._end(node_id, NodeState.CANCELLED, "The run was called off.")
        except FenleiError as exc:
            self._end(node_id, NodeState.FAILED, str(exc))
        except Exception as exc:  # noqa: BLE001 - a node may be anybody's; the others go on
            self._end(node_id, NodeState.FAILED, f"It broke down: {type(exc).__name__}: {exc}")

    def _lacking(self, node_id: str) -> str | None:
        """The first node that this one depends on and that did not end well."""
        for edge in self._graph.edges:
            if edge.target.node == node_id and self._runs[edge.source.node].state not in WELL:
                return edge.source.node
        return None

    def _carry_out(self, node: Node, *, may_work: bool) -> None:
        found = self._types[node.type]
        params, bad = read_params(found.params, node.params)
        if params is None:
            raise PipelineError(f"The parameter `{bad[0].name}` cannot be so: {bad[0].why}.")
        inputs = self._inputs(node.id)
        context = self._context(node, lambda stage, fraction: self._progress(node.id, stage, fraction))
        outside = "" if found.outside is None else found.outside(params, context)
        key = key_of(found, params, inputs, outside)
        ended = self._memory.finished(node.id, key)
        if ended is not None:
            self._say(msgspec.structs.replace(self._runs[node.id], state=NodeState.DONE, key=key, outputs=ended))
            return
        known = self._memory.find(key) if found.remembered else None
        if known is not None:
            self._memory.keep(node.id, key, known, share=False)
            self._say(msgspec.structs.replace(self._runs[node.id], state=NodeState.CACHED, key=key, outputs=known))
            return
        if not may_work:
            raise PipelineError("Its result is not there; run the graph up to it first.")
        self._say(msgspec.structs.replace(self._runs[node.id], state=NodeState.RUNNING, key=key))
        started = time.monotonic()
        outputs = _named(found, found.function(*self._arguments(found, inputs), params=params, ctx=context))
        context.check()
        self._memory.keep(node.id, key, outputs, share=found.remembered)
        seconds = time.monotonic() - started
        run = self._runs[node.id]
        self._say(msgspec.structs.replace(run, state=NodeState.DONE, outputs=outputs, seconds=seconds, progress=1.0))

    def _inputs(self, node_id: str) -> dict[str, Reference]:
        return {
            edge.target.port: self._runs[edge.source.node].outputs[edge.source.port]
            for edge in self._graph.edges
            if edge.target.node == node_id
        }

    def _arguments(self, found: NodeType, inputs: dict[str, Reference]) -> list[Reference | None]:
        return [inputs.get(port.name) for port in found.inputs]

    def _progress(self, node_id: str, stage: str, fraction: float) -> None:
        run = self._runs[node_id]
        if run.state is NodeState.RUNNING:
            share = min(1.0, max(0.0, fraction))
            self._say(msgspec.structs.replace(run, stage=stage, progress=share))

    def _end(self, node_id: str, state: NodeState, why: str) -> None:
        self._say(msgspec.structs.replace(self._runs[node_id], state=state, why=why))

    def _say(self, run: NodeRun) -> None:
        with self._lock:
            self._runs[run.node] = run
            self._told(run)


def _named(found: NodeType, given: Any) -> Outputs:
    """What a function returned, by the names of its outputs.

    Raises:
        PipelineError: it returned something else than it said.
    """
    values = list(given) if found.several else [given]
    outputs = dict(zip((port.name for port in found.outputs), values, strict=True))
    for port in found.outputs:
        if not isinstance(outputs[port.name], OF_KIND[port.kind]):
            raise PipelineError(
                f"The node type {found.name!r} gave something else than `{port.kind}` as `{port.name}`."
            )
    return outputs
