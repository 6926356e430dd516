"""Carry a graph out: each node when what it takes is there, branches side by side, nothing twice.

A node that fails stops only what depends on it. Who cancels is obeyed between nodes, and by nodes that ask. What ended
is kept before anybody hears of it, so that a killed run goes on from there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from enum import StrEnum
from graphlib import TopologicalSorter
from typing import Any, NamedTuple

import msgspec

from fenlei.contract.errors import FenleiError
from fenlei.pipelines.check import check_graph
from fenlei.pipelines.context import NodeContext, Stopped
from fenlei.pipelines.errors import NotRunnable, PipelineError
from fenlei.pipelines.graph import Graph, Node
from fenlei.pipelines.key import key_of
from fenlei.pipelines.memory import Memory, Outputs
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.node_run import WELL, NodeRun, NodeState
from fenlei.pipelines.parameters import Params, read_params
from fenlei.pipelines.reference import OF_KIND, Reference
from fenlei.pipelines.registry import NodeTypes
from fenlei.pipelines.resident import MEMORY
from fenlei.pipelines.shape import predecessors, reached


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
        side_by_side: how many nodes may work at once; of those that take the whole machine, one.
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
        self._turns: dict[str, threading.Lock] = {}

    def run(self, node: str | None = None, extent: Extent = Extent.ALL) -> dict[str, NodeRun]:
        """Run all of it, up to one node, or one node alone with what is there already.

        Args:
            node: up to which, or which; not needed for all of it.
            extent: how much.

        Returns:
            What became of each node that was to run. Of one node alone, also of those it depends on: `FAILED` where
            their result is not there.

        Raises:
            NotRunnable: the graph has faults.
            PipelineError: there is no such node.
        """
        wanted = self._wanted(node, extent)
        faults = [each for each in check_graph(self._part(wanted), self._types) if each.stops]
        if faults:
            raise NotRunnable(faults)
        self._runs = {}
        for each in wanted:
            self._runs[each] = NodeRun(node=each)
            self._told(self._runs[each])
        alone = node if extent is Extent.THIS else None
        self._work(wanted, alone)
        return dict(self._runs)

    def _wanted(self, node: str | None, extent: Extent) -> list[str]:
        before = predecessors(self._graph)
        if extent is Extent.ALL:
            return [each.id for each in self._graph.nodes]
        if node is None or node not in before:
            raise PipelineError(f"There is no node {node!r} in the graph.")
        found = {node} | reached([node], before)
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
        ready: list[str] = []
        going: dict[Future[None], str] = {}
        pool = ThreadPoolExecutor(self._side_by_side, thread_name_prefix="fenlei-node")
        try:
            while order.is_active():
                ready += order.get_ready()
                while (begins := self._next(ready, going.values())) is not None:
                    ready.remove(begins)
                    going[pool.submit(self._one, begins, alone)] = begins
                done, _ = wait(going, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                    order.done(going.pop(future))
        finally:
            # Where something broke, or somebody pressed Ctrl-C, nodes that have not begun do not begin.
            pool.shutdown(cancel_futures=True)

    def _next(self, ready: Sequence[str], going: Collection[str]) -> str | None:
        """Which node begins now; None: none may. What takes the whole machine comes first, since the others find their
        place beside it, and waits while another of its sort is at work."""
        if len(going) >= self._side_by_side:
            return None
        large = next((each for each in ready if self._large(each)), None)
        if large is not None and not any(map(self._large, going)):
            return large
        return next((each for each in ready if not self._large(each)), None)

    def _large(self, node_id: str) -> bool:
        return self._types[self._graph.node(node_id).type].whole_machine

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
            work = self._prepared(self._graph.node(node_id))
            # Two nodes of one key are one piece of work: the second waits, and finds what the first left.
            with self._turn(work.key) if work.type.remembered else nullcontext():
                self._settle(work, may_work=alone in (None, node_id))
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

    def _prepared(self, node: Node) -> _Work:
        found = self._types[node.type]
        params, bad = read_params(found.params, node.params)
        if params is None:
            raise PipelineError(f"The parameter `{bad[0].name}` cannot be so: {bad[0].why.en}.")
        context = self._context(node, lambda stage, fraction: self._progress(node.id, stage, fraction))
        inputs = {
            edge.target.port: self._runs[edge.source.node].outputs[edge.source.port]
            for edge in self._graph.edges
            if edge.target.node == node.id
        }
        outside = "" if found.outside is None else found.outside(params, context)
        return _Work(node.id, found, params, inputs, key_of(found, params, inputs, outside), context)

    def _settle(self, work: _Work, *, may_work: bool) -> None:
        """Find the result of a node, or have it work one out."""
        ended = self._memory.finished(work.node, work.key)
        if ended is not None:
            self._change(work.node, state=NodeState.DONE, key=work.key, outputs=ended, progress=1.0)
            return
        known = self._memory.find(work.key) if work.type.remembered else None
        if known is not None:
            self._memory.keep(work.node, work.key, known, share=False)
            self._change(work.node, state=NodeState.CACHED, key=work.key, outputs=known, progress=1.0)
            return
        if not may_work:
            raise PipelineError("Its result is not there; run the graph up to it first.")
        if self._cancelled():
            raise Stopped("The run was called off.")
        started = time.monotonic()
        self._change(work.node, state=NodeState.RUNNING, key=work.key, began=time.time())
        memory = MEMORY.begin()
        try:
            outputs = work.done()
            self._memory.keep(work.node, work.key, outputs, share=work.type.remembered)
        finally:
            spent = {"seconds": time.monotonic() - started, "memory": MEMORY.end(memory)}
            with self._lock:
                self._runs[work.node] = msgspec.structs.replace(self._runs[work.node], **spent)
        self._change(work.node, state=NodeState.DONE, outputs=outputs, progress=1.0)

    def _turn(self, key: str) -> threading.Lock:
        with self._lock:
            return self._turns.setdefault(key, threading.Lock())

    def _progress(self, node_id: str, stage: str, fraction: float) -> None:
        self._change(node_id, only=NodeState.RUNNING, stage=stage, progress=min(1.0, max(0.0, fraction)))

    def _end(self, node_id: str, state: NodeState, why: str) -> None:
        self._change(node_id, state=state, why=why)

    def _change(self, node_id: str, *, only: NodeState | None = None, **said: Any) -> None:
        """Say what is new of a node; with `only`, where it is in that state. A node's own threads may speak when it has
        ended already, so the look and the word are one."""
        with self._lock:
            run = self._runs[node_id]
            if only in (None, run.state):
                self._runs[node_id] = msgspec.structs.replace(run, **said)
                self._told(self._runs[node_id])


class _Work(NamedTuple):
    """A node whose inputs are there."""

    node: str
    type: NodeType
    params: Params
    inputs: Mapping[str, Reference]
    key: str
    context: NodeContext

    def done(self) -> Outputs:
        """What its function returns.

        Raises:
            Stopped: the run was called off while it worked; what it returned may be half of it.
        """
        arguments = [self.inputs.get(port.name) for port in self.type.inputs]
        outputs = _named(self.type, self.type.function(*arguments, params=self.params, ctx=self.context))
        self.context.check()
        return outputs


def _named(found: NodeType, given: Any) -> Outputs:
    """What a function returned, by the names of its outputs.

    Raises:
        PipelineError: it returned something else than it said.
    """
    values: tuple[Any, ...] = given if found.several and isinstance(given, tuple) else (given,)
    if len(values) != len(found.outputs):
        wanted = ", ".join(f"`{port.name}`" for port in found.outputs)
        raise PipelineError(f"The node type {found.name!r} gave {len(values)} values; its outputs are {wanted}.")
    for port, value in zip(found.outputs, values, strict=True):
        if not isinstance(value, OF_KIND[port.kind]):
            raise PipelineError(
                f"The node type {found.name!r} gave something else than `{port.kind}` as `{port.name}`."
            )
    return {port.name: value for port, value in zip(found.outputs, values, strict=True)}
