"""What becomes of nodes, told a line each as it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table

from fenlei.contract.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

    from fenlei.pipelines.node_run import NodeRun


class NodeLines(AbstractContextManager["NodeLines"]):
    """A line for each node that has ended; on a terminal, below them, those that are at work.

    Args:
        names: of the nodes that are told of, by their ids.
        tell: is told the lines.
        screen: where those at work are shown, as far as it is a terminal; None: nowhere.
    """

    def __init__(self, names: Mapping[str, str], tell: Callable[[str], None], screen: Console | None) -> None:
        self._names, self._tell = names, tell
        self._lock = Lock()
        self._working: dict[str, NodeRun] = {}
        shown = screen is not None and screen.is_terminal
        self._live = Live(console=screen, transient=True, refresh_per_second=4) if shown else None

    def __enter__(self) -> NodeLines:
        if self._live is not None:
            self._live.start()
        return self

    def heard(self, run: NodeRun) -> None:
        """A node is somewhere else than before, or further."""
        from fenlei.pipelines.node_run import OVER, NodeState

        if run.node not in self._names:
            return
        with self._lock:
            if run.state is NodeState.RUNNING:
                self._working[run.node] = run
            elif run.state in OVER:
                self._working.pop(run.node, None)
                self._tell(f"{self._name(run.node)}: {self._ended(run)}")
            if self._live is not None:
                self._live.update(self._table())

    def log(self, node: str, text: str) -> None:
        """A node said something."""
        self._tell(f"{self._name(node)}: {printable(text)}")

    def _name(self, node: str) -> str:
        return printable(self._names[node])

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
