"""A graph is one JSON file: it is read as it was written, and what is none is refused in a sentence."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from fenlei.pipelines.errors import BadGraph
from fenlei.pipelines.graph import (
    FORMAT,
    MOST_BYTES,
    MOST_EDGES,
    MOST_LEVELS,
    MOST_NODES,
    Edge,
    End,
    Graph,
    Node,
    graph_of,
    read_graph,
    write_graph,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)
IDS = st.text("abcXYZ019_-", min_size=1, max_size=40)
NAMES = st.text(min_size=1, max_size=200)
PLACES = st.floats(-1e6, 1e6)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    ids = draw(st.lists(IDS, unique=True, max_size=5))
    nodes = tuple(
        Node(
            id=each,
            type=draw(NAMES),
            version=draw(st.integers(1, 1000)),
            params=draw(st.dictionaries(st.text(), VALUES, max_size=3)),
            position=(draw(PLACES), draw(PLACES)),
            title=draw(st.text(max_size=20)),
            note=draw(st.text(max_size=20)),
        )
        for each in ids
    )
    ends = st.builds(End, st.sampled_from(ids), NAMES) if ids else st.nothing()
    edges = draw(st.lists(st.builds(Edge, source=ends, target=ends), max_size=5)) if ids else []
    return Graph(nodes=nodes, edges=tuple(edges), name=draw(st.text(max_size=20)), note=draw(st.text(max_size=20)))


@examples(max_examples=40)
@given(graphs())
def test_a_graph_is_read_as_it_was_written_and_written_as_it_was_read(graph: Graph) -> None:
    data = write_graph(graph)
    read = read_graph(data)
    assert read == graph
    assert write_graph(read) == data
    assert read_graph(data.decode()) == graph


@examples(max_examples=40)
@given(graphs(), st.randoms(use_true_random=False))
def test_what_a_graph_means_does_not_depend_on_order_places_titles_and_notes(graph: Graph, rng: random.Random) -> None:
    nodes, edges = list(graph.nodes), list(graph.edges)
    rng.shuffle(nodes)
    rng.shuffle(edges)
    moved = [
        msgspec.structs.replace(
            node, position=(1.0, 2.0), title="!", note="?", params=dict(reversed(node.params.items()))
        )
        for node in nodes
    ]
    other = Graph(nodes=tuple(moved), edges=tuple(edges), name="another", note="too")
    assert other.meaning == graph.meaning


ONE = Graph(
    nodes=(Node(id="a", type="x.y", params={"p": [1, 2]}), Node(id="b", type="x.y")),
    edges=(Edge(source=End("a", "out"), target=End("b", "in")),),
)


@pytest.mark.parametrize(
    "other",
    [
        Graph(nodes=ONE.nodes),
        Graph(nodes=ONE.nodes[::-1], edges=(Edge(source=End("b", "out"), target=End("a", "in")),)),
        Graph(nodes=ONE.nodes, edges=(Edge(source=End("a", "other"), target=End("b", "in")),)),
        Graph(nodes=(msgspec.structs.replace(ONE.nodes[0], params={"p": [2, 1]}), ONE.nodes[1]), edges=ONE.edges),
        Graph(nodes=(msgspec.structs.replace(ONE.nodes[0], version=2), ONE.nodes[1]), edges=ONE.edges),
        Graph(nodes=(msgspec.structs.replace(ONE.nodes[0], type="x.z"), ONE.nodes[1]), edges=ONE.edges),
        Graph(nodes=(*ONE.nodes, Node(id="c", type="x.y")), edges=ONE.edges),
    ],
    ids=["no edge", "turned", "port", "order in a list", "version", "type", "one node more"],
)
def test_a_graph_that_does_something_else_means_something_else(other: Graph) -> None:
    assert other.meaning != ONE.meaning


def test_people_can_read_the_file() -> None:
    text = write_graph(ONE).decode()
    assert f'"format": "{FORMAT}"' in text
    assert text.count("\n") > 10
    assert text.endswith("}\n")


def body(**said: Any) -> dict[str, Any]:
    return {"format": FORMAT, "nodes": [{"id": "a", "type": "x.y", **said}], "edges": []}


def nested(levels: int) -> Any:
    return [nested(levels - 1)] if levels else 1


REFUSED: dict[str, tuple[Any, str]] = {
    "a list": ([], "A graph is a JSON object with `nodes` and `edges`."),
    "another format": (
        {"format": "fenlei-graph/9", "nodes": []},
        "'fenlei-graph/9'; this Fenlei reads 'fenlei-graph/1'.",
    ),
    "a format of null": ({"format": None, "nodes": []}, "this Fenlei reads 'fenlei-graph/1'."),
    "no nodes": ({"format": FORMAT}, "missing required field `nodes`"),
    "a stranger's word": (body(colour="red"), "unknown field `colour`"),
    "an id with a blank": (
        body(id="a b"),
        "The node id 'a b' cannot be; an id has 1 to 40 letters, digits, `_` or `-`.",
    ),
    "an id of letters that are not": (body(id="猫"), "an id has 1 to 40 letters"),
    "an id that ends a line": (body(id="a\n"), "an id has 1 to 40 letters"),
    "two of one id": (
        {"nodes": [{"id": "a", "type": "x.y"}] * 2},
        "Two nodes have the id 'a'; each needs one of its own.",
    ),
    "no type": (body(type=""), "The type of the node 'a' has 0 characters; 1 to 200 are read."),
    "a long type": (body(type="x" * 201), "has 201 characters"),
    "a version of nothing": (body(version=0), "for version 0 of its type; versions begin with 1."),
    "a fraction of a version": (body(version=1.5), "Expected `int`, got `float` - at `$.nodes[0].version`"),
    "a long note": (body(note="x" * 10_001), "Title and note of the node 'a' may have 10000 characters each."),
    "a long name of the graph": ({**body(), "name": "x" * 10_001}, "Name and note of the graph may have 10000"),
    "deep parameters": (body(params={"p": nested(MOST_LEVELS + 1)}), "deeper than 32 levels."),
    "a place with one number": (body(position=[1]), "at `$.nodes[0].position`"),
    "an edge to nowhere": (
        {**body(), "edges": [{"source": ["a", "out"], "target": ["b", "in"]}]},
        "An edge ends at the node 'b', which is not in the graph.",
    ),
    "an edge to a port without a name": (
        {**body(), "edges": [{"source": ["a", ""], "target": ["a", "in"]}]},
        "whose name has 0 characters",
    ),
    "too many nodes": (
        {"nodes": [{"id": f"n{number}", "type": "x.y"} for number in range(MOST_NODES + 1)]},
        "The graph has 1001 nodes and 0 edges; at most 1000 and 10000 are read.",
    ),
    "too many edges": (
        {**body(), "edges": [{"source": ["a", "out"], "target": ["a", "in"]}] * (MOST_EDGES + 1)},
        "The graph has 1 nodes and 10001 edges",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_graph_is_refused_in_a_sentence(name: str) -> None:
    said, words = REFUSED[name]
    reads: list[Callable[[], Graph]] = [lambda: graph_of(said), lambda: read_graph(msgspec.json.encode(said))]
    for read in reads:
        with pytest.raises(BadGraph) as caught:
            read()
        assert words in str(caught.value)
        assert str(caught.value).endswith(".")
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe", "\ud800", b'{"nodes": [NaN]}', b'{"nodes": [1e999]}', "no JSON"],
    ids=["nothing", "half", "no text", "half a letter", "NaN", "too large a number", "words"],
)
def test_what_is_no_json_is_refused_in_a_sentence(data: bytes | str) -> None:
    with pytest.raises(BadGraph, match=r"^The graph is no JSON: .+\.$"):
        read_graph(data)


def test_lists_in_lists_without_end_are_refused_and_exhaust_nothing() -> None:
    with pytest.raises(BadGraph, match="deeper than 32 levels"):
        read_graph(b"[" * 100_000 + b"]" * 100_000)


def test_more_bytes_than_a_graph_may_have_are_refused_unread() -> None:
    with pytest.raises(BadGraph, match=f"has {MOST_BYTES + 1} bytes; a graph has at most {MOST_BYTES}"):
        read_graph(b" " * (MOST_BYTES + 1))
    with pytest.raises(BadGraph, match="bytes; a graph has at most"):
        read_graph("猫" * (MOST_BYTES // 2))


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_whatever_comes_is_a_graph_or_refused(data: bytes | str) -> None:
    try:
        graph = read_graph(data)
    except BadGraph:
        return
    assert read_graph(write_graph(graph)) == graph


@given(VALUES)
def test_whatever_json_says_is_a_graph_or_refused(said: Any) -> None:
    for each in (said, {"nodes": said}, {"nodes": [said]}, body(params=said), {**body(), "edges": said}):
        try:
            graph = graph_of(each)
        except BadGraph:
            continue
        assert read_graph(write_graph(graph)) == graph


def test_a_node_is_found_by_its_id() -> None:
    assert ONE.node("b") is ONE.nodes[1]
    with pytest.raises(KeyError):
        ONE.node("c")
