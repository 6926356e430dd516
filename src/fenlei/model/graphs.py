"""Graphs carried out on this machine, in a workspace, without a server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from fenlei.contract.errors import FenleiError
from fenlei.inference.cores import usable_cores
from fenlei.pipelines.check import check_graph
from fenlei.pipelines.context import NodeContext, Reach
from fenlei.pipelines.data_look import look_at_folders
from fenlei.pipelines.disk_memory import DiskMemory
from fenlei.pipelines.errors import BadGraph, PipelineError
from fenlei.pipelines.graph import Graph, Node, read_graph
from fenlei.pipelines.node_run import NodeRun
from fenlei.pipelines.preview import Preview, preview
from fenlei.pipelines.problem import Problem
from fenlei.pipelines.prune import Pruned, prune
from fenlei.pipelines.reference import AnyReference
from fenlei.pipelines.registry import NodeTypes, node_types
from fenlei.pipelines.runner import Extent, Runner
from fenlei.pipelines.upgrade import Upgraded, upgraded
from fenlei.settings import Settings
from fenlei.store import Blobs
from fenlei.training.locking import alone_at_once, lock_together, open_to_lock

FOLDER = "graphs"
"""Of the workspace's cache: what nodes left behind, and what their references name."""
IN_USE = ".in-use"
"""A file there that is locked while a graph runs."""


class Workbench:
    """Carries graphs out in a workspace.

    Args:
        settings: of this process.

    Attributes:
        blobs: what references name.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._place = settings.cache / FOLDER
        self.blobs = Blobs(self._place / "blobs")
        self._memory = DiskMemory(self._place / "results", self.blobs.has)

    @property
    def types(self) -> NodeTypes:
        """The node types that are installed."""
        return node_types()

    def read(self, path: Path) -> Upgraded:
        """Read a graph file, and bring its nodes to the types that are here.

        Raises:
            BadGraph: the file cannot be read, or is no graph.
        """
        try:
            return upgraded(read_graph(path.read_bytes()), self.types)
        except OSError as exc:
            raise BadGraph(f"{path} cannot be read: {exc.strerror or exc}.") from exc
        except BadGraph as exc:
            raise BadGraph(f"{path}: {exc}") from exc

    def problems(self, graph: Graph) -> list[Problem]:
        """What is wrong with a graph."""
        return check_graph(graph, self.types, look_at_folders)

    def preview(self, reference: AnyReference, reach: Reach) -> Preview:
        """What there is to see of what a node gave.

        Args:
            reference: to it.
            reach: as for `run`; nothing is asked of it.

        Raises:
            FenleiError: it is not there any more, or damaged.
        """
        settings = self._settings
        context = NodeContext(
            blobs=self.blobs, cache=settings.cache, reach=reach, engine=settings.engine, backbone=settings.backbone
        )
        return preview(context, reference)

    def run(
        self,
        graph: Graph,
        node: str | None = None,
        *,
        reach: Reach,
        types: NodeTypes | None = None,
        alone: bool = False,
        told: Callable[[NodeRun], None] = lambda run: None,
        log: Callable[[str, str], None] = lambda node, text: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> dict[str, NodeRun]:
        """Carry a graph out. Ctrl-C stops it: nodes that ask end early, and what ended is kept.

        Args:
            graph: without faults.
            node: up to which; None: all of it.
            reach: what nodes may ask of a platform.
            types: in place of those that are installed.
            alone: this node and nothing before it.
            told: what becomes of nodes.
            log: (node, line) of what they say.
            cancelled: asked often; True stops.

        Raises:
            FenleiError: the graph has faults, or there is no such node.
            KeyboardInterrupt: somebody pressed Ctrl-C, once every node has ended.
        """
        stopped = threading.Event()

        def context(of: Node, progress: Callable[[str, float], None]) -> NodeContext:
            return NodeContext(
                blobs=self.blobs,
                cache=self._settings.cache,
                reach=reach,
                engine=self._settings.engine,
                backbone=self._settings.backbone,
                progress=progress,
                log=lambda text: log(of.id, text),
                cancelled=lambda: stopped.is_set() or cancelled(),
            )

        runner = Runner(
            graph,
            self.types if types is None else types,
            self._memory,
            context,
            told=told,
            cancelled=lambda: stopped.is_set() or cancelled(),
            side_by_side=usable_cores(),
        )
        extent = Extent.ALL if node is None else Extent.THIS if alone else Extent.TO_HERE
        found: list[dict[str, NodeRun]] = []
        broken: list[BaseException] = []

        def work() -> None:
            try:
                found.append(runner.run(node, extent))
            except FenleiError as exc:
                broken.append(exc)

        # Beside the main thread, which alone hears Ctrl-C.
        worker = threading.Thread(target=work, name="fenlei-graph")
        with self.held():
            worker.start()
            try:
                while worker.is_alive():
                    worker.join(0.2)
            except KeyboardInterrupt:
                stopped.set()
                worker.join()
                raise
        if broken:
            raise broken[0]
        return found[0]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody prune in the meantime.

        Raises:
            PipelineError: the cache cannot be written.
        """
        with self._in_use() as lock:
            lock_together(lock)
            yield

    def prune(self, unused: timedelta, *, remove: bool) -> Pruned:
        """Let go of what graphs left behind in this workspace and nobody has used for so long; of pictures and models
        that only it names, too.

        Args:
            unused: for how long.
            remove: whether it goes; else it is only counted.

        Raises:
            PipelineError: a graph runs in this workspace now, or the cache cannot be written.
        """
        if not self._place.exists():
            return Pruned(0, 0, 0)
        with self._in_use() as lock:
            if not alone_at_once(lock):
                raise PipelineError(
                    f"{self._place} may be in use by a graph that runs now; try again when it has ended."
                )
            return prune(self._memory, self.blobs, datetime.now(UTC) - unused, remove=remove)

    @contextmanager
    def _in_use(self) -> Iterator[IO[bytes]]:
        """What runs have together, and whoever prunes alone; it is let go at the end, or with the process."""
        try:
            self._place.mkdir(parents=True, exist_ok=True)
            file = open_to_lock(self._place / IN_USE)
        except OSError as exc:
            raise PipelineError(f"{self._place} cannot be written: {exc.strerror or exc}.") from exc
        with file:
            yield file
