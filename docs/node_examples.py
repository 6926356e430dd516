"""A whole graph around the example of a node type: the usual nodes before its inputs, and the node itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from fenlei.pipelines.graph import Edge, End, Graph, Node
from fenlei.pipelines.kinds import Kind
from fenlei.pipelines.node import NodeType, Port
from fenlei.pipelines.registry import NodeTypes

BEFORE = {
    Kind.IMAGES: ("data.folder",),
    Kind.SPLIT: ("data.split",),
    Kind.FEATURES: ("features.embed",),
    Kind.MODEL: ("train.linear", "train.auto", "train.head"),
    Kind.REPORT: ("judge.evaluate",),
    Kind.DEPLOYMENT: ("finish.publish",),
}
"""What gives an input its data; where a node takes several of a kind, the types take turns."""


def example_of(node_type: NodeType, types: NodeTypes) -> Graph:
    """The graph that the reference shows.

    Raises:
        ValueError: the node type gives no example, or more inputs of a kind than there are nodes for.
    """
    if node_type.example is None:
        raise ValueError(f"The node type {node_type.name!r} gives no example; see `example` of `NodeType`.")
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []

    def put(made: NodeType) -> str:
        name = made.name.rpartition(".")[2]
        if name not in nodes:
            turns = dict.fromkeys(port.kind for port in made.inputs)
            for kind in turns:
                for port, before in zip(
                    [each for each in made.inputs if each.kind is kind], BEFORE[kind], strict=False
                ):
                    join(port, put(types[before]), types[before], name)
            nodes[name] = Node(id=name, type=made.name, version=made.version, params=dict(made.example or {}))
        return name

    def join(port: Port, source: str, of: NodeType, target: str) -> None:
        out = next(each.name for each in of.outputs if each.kind is port.kind)
        edges.append(Edge(source=End(source, out), target=End(target, port.name)))

    put(node_type)
    if any(len([port for port in node_type.inputs if port.kind is kind]) > len(BEFORE[kind]) for kind in Kind):
        raise ValueError(f"The node type {node_type.name!r} has more inputs of a kind than `BEFORE` has nodes for.")
    return Graph(nodes=tuple(nodes.values()), edges=tuple(edges))


def written(graph: Graph) -> str:
    """The same as JSON that people read: a line for each node and each edge, and nothing that is as by default."""
    nodes = [
        {"id": each.id, "type": each.type}
        | ({} if each.version == 1 else {"version": each.version})
        | ({"params": each.params} if each.params else {})
        for each in graph.nodes
    ]
    edges = [{"source": list(each.source), "target": list(each.target)} for each in graph.edges]
    told = [f'  "nodes": [\n{_lines(nodes)}\n  ]']
    if edges:
        told.append(f'  "edges": [\n{_lines(edges)}\n  ]')
    return '{\n  "format": "' + graph.format + '",\n' + ",\n".join(told) + "\n}"


def _lines(said: Sequence[Mapping[str, object]]) -> str:
    return ",\n".join(f"    {json.dumps(each, ensure_ascii=False)}" for each in said)
