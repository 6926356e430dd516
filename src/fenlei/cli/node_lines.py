"""What becomes of nodes, told a line each as it happens."""

from __future__ import annotations

from contextlib import AbstractContextManager
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table

from fenlei.cli.console import err, printable, say

if TYPE_CHECKING:
    from fenlei.pipelines.graph import Graph
    from fenlei.pipelines.node_run import NodeRun


class NodeLines(AbstractContextManager["NodeLines"]):
    """A line for each node that has ended; on a terminal, below them, those that are at work.

    Args:
        graph: whose nodes.
        quiet: tell nothing.
    """

    def __init__(self, graph: Graph, *, quiet: bool) -> None:
        self._names = {node.id: node.title or node.type for node in graph.nodes}
        self._quiet = quiet
        self._lock = Lock()
        self._working: dict[str, NodeRun] = {}
        self._live = Live(console=err, transient=True, refresh_per_second=4) if err.is_terminal and not quiet else None

    def __enter__(self) -> NodeLines:
        if self._live is not None:
            self._live.start()
        return self

    def heard(self, run: NodeRun) -> None:
        """A node is somewhere else than before, or further."""
        from fenlei.pipelines.node_run import OVER, NodeState

        if self._quiet:
            return
        with self._lock:
            if run.state is NodeState.RUNNING:
                self._working[run.node] = run
            elif run.state in OVER:
                self._working.pop(run.node, None)
                say(f"{self._name(run.node)}: {self._ended(run)}")
            if self._live is not None:
                self._live.update(self._table())

    def log(self, node: str, text: str) -> None:
        """A node said something."""
        if not self._quiet:
            say(f"{self._name(node)}: {printable(text)}")

    def _name(self, node: str) -> str:
        name = self._names[node]
        return printable(node if name == node else f"{node} ({name})")

    def _ended(self, run: NodeRun) -> str:
        from fenlei.pipelines.node_run import NodeState

        if run.state is NodeState.DONE:
            memory = "" if run.memory is None else f", {run.memory / 1e6:,.0f} MB"
            return f"done in {run.seconds:.1f} s{memory}"
        if run.state is NodeState.CACHED:
            return "there already"
        return f"{run.state}: {printable(run.why)}"

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for run in self._working.values():
            table.add_row(self._name(run.node), f"{run.progress:4.0%}", printable(run.stage))
        return table

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
