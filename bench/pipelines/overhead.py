"""What the engine of graphs takes for itself: 60 nodes on 10,000 pictures, when nothing is known and when all is.

    python -m bench.pipelines.overhead [--pictures N] [--nodes N]

Own work is what happens inside the functions of node types: the node itself, and `outside`, by which a folder says
whether it is as it was. Both note when they begin and end. The engine's share is the time of the whole run, from the
call to its return, in which no node was at its own work: wall minus the union of those intervals. That is checks, keys,
the memory on disk, what is told, threads and waiting. One at a time nothing hides behind anything; two at a time the
union does not count twice what happens at once. Each row is a run of its own; `cold` begins with an empty workspace.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from PIL import Image

from fenlei.model import graphs
from fenlei.model.graphs import Workbench
from fenlei.pipelines.context import Answering, HeldDataset
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.graph import Edge, End, Graph, Node
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.node_run import NodeState
from fenlei.pipelines.reference import Model
from fenlei.pipelines.registry import NodeTypes, node_types
from fenlei.settings import Settings

CLASSES = 20
MOST_SHARE, MOST_PER_NODE = 0.02, 0.05
"""Of a cold run, and in seconds: what the engine may take."""


class Nowhere:
    """No platform is asked for anything."""

    def dataset(self, name: str, version: int | None) -> HeldDataset:
        """There is none."""
        raise PipelineError("There is no platform here.")

    def publish(self, model: Model, name: str, *, open_to_all: bool) -> Answering:
        """Likewise."""
        raise PipelineError("There is no platform here.")


class Timed(NamedTuple):
    """One run.

    Attributes:
        wall: seconds of it.
        own: seconds in which a node was at its own work.
        of_nodes: seconds of all nodes together.
        worked: nodes that worked.
    """

    wall: float
    own: float
    of_nodes: float
    worked: int


class Stopwatch:
    """Notes when functions of node types are at work; from any thread."""

    def __init__(self) -> None:
        self.intervals: list[tuple[float, float]] = []
        self._lock = threading.Lock()

    def watched(self, types: NodeTypes) -> NodeTypes:
        """The same types, whose functions are noted."""
        return NodeTypes([self._watched(each) for each in types.values()])

    def _watched(self, of: NodeType) -> NodeType:
        outside = None if of.outside is None else self._noted(of.outside)
        return replace(of, function=self._noted(of.function), outside=outside)

    def _noted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def noted(*args: Any, **said: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **said)
            finally:
                with self._lock:
                    self.intervals.append((began, time.perf_counter()))

        return noted

    def union(self) -> float:
        """Seconds in which at least one was at work."""
        total, until = 0.0, 0.0
        for began, ended in sorted(self.intervals):
            total += max(0.0, ended - max(began, until))
            until = max(until, ended)
        return total


def draw(root: Path, pictures: int) -> Path:
    """Small pictures in class folders; no two alike."""
    rng = np.random.default_rng(0)
    for number in range(pictures):
        folder = root / f"class {number % CLASSES:02d}"
        if number < CLASSES:
            folder.mkdir(parents=True)
        pixels = rng.integers(0, 256, (8, 8, 3), np.uint8).repeat(5, axis=0).repeat(5, axis=1)
        Image.fromarray(pixels).save(folder / f"{number:05d}.png", compress_level=1)
    return root


def graph_of(photos: Path, nodes: int) -> Graph:
    """A folder and a cleaning of a tenth of it; then branches of filter, sample, balance, split and resize."""
    made = [
        Node(id="folder", type="data.folder", params={"path": str(photos)}),
        Node(id="tenth", type="data.sample", params={"share": 0.1}),
        Node(id="clean", type="data.clean", params={"near_copies": False}),
    ]
    edges = [_edge("folder", "images", "tenth", "images"), _edge("tenth", "images", "clean", "images")]
    branch = 0
    while len(made) < nodes:
        steps = (
            ("filter", "data.filter", "images", {"classes": [f"class {branch % CLASSES:02d}"], "keep": "all others"}),
            ("sample", "data.sample", "images", {"share": 0.9, "seed": branch}),
            ("balance", "data.balance", "images", {"times": 1.5, "seed": branch}),
            ("split", "data.split", "images", {"seed": branch}),
            ("resize", "prepare.resize", "split", {"policy": "letterbox", "size": 64 + branch}),
        )
        source, port = "folder", "images"
        for name, kind, into, params in steps[: nodes - len(made)]:
            here = f"{name}{branch}"
            made.append(Node(id=here, type=kind, params=params))
            edges.append(_edge(source, port, here, into))
            source, port = here, "split" if name in ("split", "resize") else "images"
        branch += 1
    return Graph(nodes=tuple(made), edges=tuple(edges))


def _edge(source: str, out: str, target: str, into: str) -> Edge:
    return Edge(source=End(source, out), target=End(target, into))


def run(graph: Graph, workspace: Path, side_by_side: int) -> Timed:
    """Carry it out as `fenlei run` does, its types under a stopwatch.

    Raises:
        RuntimeError: a node did not end well.
    """
    watch = Stopwatch()
    types = watch.watched(node_types())

    class Watched(Workbench):
        @property
        def types(self) -> NodeTypes:
            return types

    bench = Watched(Settings.at(workspace))
    with patch.object(graphs, "usable_cores", return_value=side_by_side):
        began = time.perf_counter()
        runs = bench.run(graph, reach=Nowhere())
        wall = time.perf_counter() - began
    bad = [f"{each.node}: {each.why}" for each in runs.values() if each.why]
    if bad:
        raise RuntimeError("; ".join(bad))
    worked = sum(each.state is NodeState.DONE for each in runs.values())
    return Timed(wall, watch.union(), sum(ended - began for began, ended in watch.intervals), worked)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--nodes", type=int, default=60)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fenlei-bench-") as place:
        photos = draw(Path(place) / "photos", said.pictures)
        graph = graph_of(photos, said.nodes)
        print(f"{len(graph.nodes)} nodes, {said.pictures} pictures\n")
        print("| run | at a time | worked | wall s | own work s | engine s | engine % | engine ms a node |")
        print("|---|---|---|---|---|---|---|---|")
        well = True
        for side_by_side in (1, 2):
            for name in ("cold", "warm", "warm again"):
                timed = run(graph, Path(place) / f"workspace{side_by_side}", side_by_side)
                engine = timed.wall - timed.own
                share, each = engine / timed.wall, engine / len(graph.nodes)
                well = well and each < MOST_PER_NODE and (name != "cold" or share < MOST_SHARE)
                print(
                    f"| {name} | {side_by_side} | {timed.worked} | {timed.wall:.2f} | {timed.own:.2f} | {engine:.3f} | "
                    f"{share:.2%} | {1000 * each:.2f} |"
                )
        asked = f"under {MOST_SHARE:.0%} of a cold run and {1000 * MOST_PER_NODE:.0f} ms a node"
        print(f"\nAsked: {asked}; {'so it is' if well else 'NOT SO'}.")


if __name__ == "__main__":
    main()
