"""Where a platform keeps what became of nodes: their own rows in the run, and results that all projects share."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from fenlei.pipelines.graph import Graph
from fenlei.pipelines.memory import Outputs
from fenlei.pipelines.node_run import OVER, WELL, NodeRun, NodeState
from fenlei.pipelines.reference import AnyReference
from fenlei.runs import RunContext
from fenlei.runs.plain import text
from fenlei.store import now
from fenlei.store.events import NewEvent

NODE = "node"
"""The kind of event that tells where a node is."""

OFTEN = 1.0
"""Seconds between two looks at how far a node is that are written down."""


class RunMemory:
    """The memory of one run, and its record; see `pipelines.memory.Memory`. Safe from many threads.

    Args:
        context: of the run. What is written is written only as long as the run is ours.
        graph: that is carried out.
    """

    def __init__(self, context: RunContext, graph: Graph) -> None:
        self._context, self._store = context, context.store
        self._types = {node.id: node.type for node in graph.nodes}
        self._titles = {node.id: node.title or node.type for node in graph.nodes}
        self._positions = {node.id: number for number, node in enumerate(graph.nodes)}
        self._lock = threading.Lock()
        self._states: dict[str, NodeState] = {}
        self._shares: dict[str, float] = {}
        self._written: dict[str, float] = {}

    def finished(self, node: str, key: str) -> Outputs | None:
        """See `Memory`."""
        with self._store.reading() as work:
            row = work.nodes.find(self._context.run.id, node)
        if row is None or row.key != key or row.state not in WELL:
            return None
        return self._there(row.outputs)

    def find(self, key: str) -> Outputs | None:
        """See `Memory`."""
        with self._store.writing() as work:
            row = work.results.find(key)
            if row is None:
                return None
            work.results.used(key, now())  # before it is looked at, so that nobody cleans it away meanwhile
            outputs = row.outputs
        return self._there(outputs)

    def keep(self, node: str, key: str, outputs: Outputs, *, share: bool) -> None:
        """See `Memory`."""
        said = _written(outputs)
        at = now()
        state = NodeState.DONE if share or self._states.get(node) is NodeState.RUNNING else NodeState.CACHED
        with self._store.writing() as work:
            self._context.guard(work)
            work.jobs.got_on(work.jobs.get(self._context.run.id))  # a run that ends node after node is not stuck
            if share:
                work.results.keep(key, self._types[node], said, at)
            work.nodes.say(
                self._context.run.id, node, at, position=self._positions[node], state=state, key=key, outputs=said,
                progress=1.0, why="",
            )  # fmt: skip

    def told(self, run: NodeRun) -> None:
        """Write down where a node is, and tell whoever follows the run; of how far it is, now and then."""
        with self._lock:
            changed = self._states.get(run.node) is not run.state
            self._states[run.node] = run.state
            self._shares[run.node] = 1.0 if run.state in OVER else run.progress
            due = time.monotonic() - self._written.get(run.node, 0.0) >= OFTEN
            share = sum(self._shares.values()) / len(self._shares)  # of what is to run: all of it waits first
        if run.state is NodeState.RUNNING:
            stage = f"{self._titles[run.node]}: {run.stage}" if run.stage else self._titles[run.node]
            self._context.progress(stage, share)
        if changed or due:
            self._written[run.node] = time.monotonic()
            self._write(run, changed=changed)

    def _write(self, run: NodeRun, *, changed: bool) -> None:
        at = now()
        values: dict[str, Any] = {
            "position": self._positions[run.node],
            "state": run.state,
            "stage": text(run.stage)[:80],
            "progress": run.progress,
            "seconds": run.seconds,
            "why": text(run.why),
            "memory": run.memory,
        }
        if changed and run.state is NodeState.RUNNING:
            values |= {"began_at": datetime.fromtimestamp(run.began, UTC) if run.began else at, "key": run.key}
        if run.state in OVER:
            values |= {"key": run.key, "outputs": _written(run.outputs)}
        with self._store.writing() as work:
            self._context.guard(work)
            if run.state is NodeState.WAITING:
                work.nodes.wait(self._context.run.id, run.node, self._positions[run.node], at)
                return
            work.nodes.say(self._context.run.id, run.node, at, **values)
            if changed:
                told = {
                    "node": run.node,
                    "state": run.state,
                    "seconds": round(run.seconds, 3),
                    "memory": run.memory,
                    "why": text(run.why),
                }
                work.events.add(self._context.run.id, [NewEvent(NODE, told, at, run.node)])

    def _there(self, outputs: dict[str, Any]) -> Outputs | None:
        """Outputs as they were written, as long as all that they name is still there."""
        try:
            found = msgspec.convert(outputs, dict[str, AnyReference])
        except msgspec.ValidationError:
            return None  # of another release
        return found if all(self._store.blobs.has(each.digest) for each in found.values() if each.kept) else None


def _written(outputs: Outputs) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.to_builtins(outputs)
    return said
