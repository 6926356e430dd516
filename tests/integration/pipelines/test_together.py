"""Nodes in one graph: each runs once, a change runs again with what depends on it, and whoever cancels is obeyed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenlei.pipelines.context import NodeContext, Stopped
from fenlei.pipelines.graph import Graph, Node, graph_of
from fenlei.pipelines.memory import Remembered
from fenlei.pipelines.node_run import NodeRun, NodeState
from fenlei.pipelines.parameters import read_params
from fenlei.pipelines.registry import node_types
from fenlei.pipelines.runner import Runner
from tests.support.drawing import class_folders
from tests.support.workbench import Workbench, type_named

EDGES = """
pictures.images>clean.images clean.images>split.images split.split>features.split features.features>one.features
features.features>other.features one.model>compare.first other.model>compare.second split.split>compare.split
one.model>explain.model split.split>explain.split one.model>suspects.model split.split>suspects.split
"""


class Shared(Remembered):
    """A memory that several runs share; what ended in one did not end in the next."""

    def finished(self, node: str, key: str) -> None:
        """Nothing has."""


def graph(pictures: Path) -> Graph:
    """Pictures are cleaned; two heads are learned on the same features and held against each other."""
    types = {
        "pictures": ("data.folder", {"path": str(pictures)}),
        "clean": ("data.clean", {}),
        "split": ("data.split", {"test": 0.3}),
        "features": ("features.embed", {}),
        "one": ("train.head", {}),
        "other": ("train.head", {"head": "prototypes"}),
        "compare": ("judge.compare", {}),
        "explain": ("judge.explain", {"pictures": 2}),
        "suspects": ("judge.suspects", {}),
    }
    return graph_of(
        {
            "nodes": [{"id": name, "type": said, "params": params} for name, (said, params) in types.items()],
            "edges": [dict(zip(("source", "target"), _ends(edge), strict=True)) for edge in EDGES.split()],
        }
    )


def _ends(edge: str) -> list[list[str]]:
    return [end.split(".") for end in edge.split(">")]


def changed(graph: Graph, node: str, **params: Any) -> Graph:
    """The same with other parameters of a node."""
    nodes = tuple(msgspec.structs.replace(each, params=params) if each.id == node else each for each in graph.nodes)
    return msgspec.structs.replace(graph, nodes=nodes)


def test_what_depends_on_a_change_runs_again_and_nothing_else(tmp_path: Path) -> None:
    bench, memory = Workbench(tmp_path), Shared()
    pictures = class_folders(tmp_path / "photos", {"a": 12, "b": 12})

    def run(graph: Graph) -> dict[str, NodeRun]:
        def context(node: Node, progress: Callable[[str, float], None]) -> NodeContext:
            return dataclasses.replace(bench.context, progress=progress)

        return Runner(graph, node_types(), memory, context).run()

    first = run(graph(pictures))
    assert {each.state for each in first.values()} == {NodeState.DONE}, {k: v.why for k, v in first.items()}
    again = run(graph(pictures))
    assert {each.state for each in again.values()} == {NodeState.CACHED}
    assert {name: each.outputs for name, each in again.items()} == {name: each.outputs for name, each in first.items()}
    other = run(changed(graph(pictures), "other", head="prototypes", aim="macro-F1"))
    assert [name for name, each in other.items() if each.state is NodeState.DONE] == ["other", "compare"]
    last = run(changed(graph(pictures), "explain", pictures=1))
    assert [name for name, each in last.items() if each.state is NodeState.DONE] == ["explain"]


@pytest.mark.parametrize(
    "name",
    ["data.clean", "features.embed", "train.linear", "train.head", "judge.compare", "judge.explain", "judge.suspects"],
)
def test_a_node_that_is_called_off_stops(trained: tuple[Workbench, dict[str, Any]], name: str) -> None:
    bench, there = trained
    found = type_named(name)
    params, _ = read_params(found.params, {})
    called_off = dataclasses.replace(bench.context, cache=bench.folder / "other cache", cancelled=lambda: True)
    inputs = [None if not port.required else there[port.kind.value] for port in found.inputs]
    with pytest.raises(Stopped):
        found.function(*inputs, params=params, ctx=called_off)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workbench, dict[str, Any]]:
    """One of each kind of reference."""
    bench = Workbench(tmp_path_factory.mktemp("bench"))
    images = bench.run("data.folder", path=str(class_folders(bench.folder / "photos", {"a": 8, "b": 8})))
    split = bench.run("data.split", images, test=0.3)
    features = bench.run("features.embed", split)
    model, _ = bench.run("train.head", features)
    return bench, {"images": images, "split": split, "features": features, "model": model}
