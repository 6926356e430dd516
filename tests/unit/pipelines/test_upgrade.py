"""A graph that was written for other node types opens all the same, and what can be brought up is."""

from __future__ import annotations

from typing import Any

import pytest

from fenlei.pipelines.check import check_graph
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.graph import Graph, Node, read_graph, write_graph
from fenlei.pipelines.parameters import NoParams, Params, param
from fenlei.pipelines.problem import Fault
from fenlei.pipelines.reference import Images
from fenlei.pipelines.registry import NodeTypes
from fenlei.pipelines.upgrade import upgraded
from tests.support.toy_nodes import WORD, declared


class Picked(Params):
    """What the newest version takes."""

    most: int = param(10, title=WORD, help=WORD, ge=1)


def brought(name: str, version: int, params: dict[str, Any]) -> dict[str, Any]:
    """Version 1 and the old name counted in dozens; version 2 is told by its author to be hopeless."""
    if version == 2:
        raise KeyError("dozens")
    if name == "toy.old" or version == 1:
        inside = params.pop("inside", {"dozens": 1})
        return {"most": 12 * inside.pop("dozens")}
    return params


def pick(*, params: Picked, ctx: NodeContext) -> Images:
    """Nothing."""
    raise AssertionError


def plain(*, params: NoParams, ctx: NodeContext) -> Images:
    """Nothing."""
    raise AssertionError


TYPES = NodeTypes(
    [
        declared(pick, "toy.pick", 3, replaces=("toy.old", "toy.older"), upgrade=brought),
        declared(plain, "toy.plain", 4),
    ]
)


def one(type: str, version: int, **params: Any) -> Graph:  # noqa: A002
    return Graph(nodes=(Node(id="a", type=type, version=version, params=params, title="T", note="N"),))


@pytest.mark.parametrize(
    ("graph", "sentence"),
    [
        (one("toy.old", 7, inside={"dozens": 2}), "toy.old 7 has become toy.pick 3."),
        (one("toy.pick", 1, inside={"dozens": 2}), "toy.pick was brought from version 1 to 3."),
    ],
    ids=["another name", "another version"],
)
def test_a_node_is_brought_to_its_type_as_it_is_here(graph: Graph, sentence: str) -> None:
    before = write_graph(graph)
    found = upgraded(graph, TYPES)
    assert found.graph.nodes == (Node(id="a", type="toy.pick", version=3, params={"most": 24}, title="T", note="N"),)
    assert found.changed == {"a": sentence}
    assert check_graph(found.graph, TYPES) == []
    assert write_graph(graph) == before  # whoever brings it up takes its parameters apart, but not those of the graph


def test_a_type_that_says_nothing_keeps_the_parameters() -> None:
    found = upgraded(one("toy.plain", 2, kept=True), TYPES)
    assert found.graph.nodes[0].params == {"kept": True}
    assert found.graph.nodes[0].version == 4


def test_what_is_as_it_is_here_stays_and_twice_is_once() -> None:
    graph = one("toy.pick", 3, most=4)
    assert upgraded(graph, TYPES) == (graph, {}, [], [], [])
    again = upgraded(upgraded(one("toy.older", 1), TYPES).graph, TYPES)
    assert again.changed == {}


def test_what_is_unknown_stays_word_for_word_and_comes_out_unchanged() -> None:
    data = write_graph(one("magic.wand", 9, anything=[{"goes": None}, 1.5]))
    found = upgraded(read_graph(data), TYPES)
    assert found.unknown == ["a"]
    assert found.changed == {}
    assert write_graph(found.graph) == data


def test_what_is_newer_stays_as_it_is_and_is_named() -> None:
    graph = one("toy.pick", 4, news=True)
    found = upgraded(graph, TYPES)
    assert found.newer == ["a"]
    assert found.graph == graph
    assert [each.fault for each in check_graph(found.graph, TYPES)] == [Fault.NEWER_VERSION]


def test_what_its_type_cannot_bring_up_opens_and_does_not_run() -> None:
    graph = one("toy.pick", 2, dozens=1)
    found = upgraded(graph, TYPES)
    assert found.stuck == ["a"]
    assert found.changed == {}
    assert found.graph == graph
    assert [each.fault for each in check_graph(found.graph, TYPES)] == [Fault.OLDER_VERSION]


def test_parameters_that_are_brought_up_to_something_else_than_parameters_are_not() -> None:
    types = NodeTypes([declared(pick, "toy.pick", 3, upgrade=lambda name, version, params: None)])
    assert upgraded(one("toy.pick", 1), types).stuck == ["a"]
