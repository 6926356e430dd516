"""Bring a graph that was written for other node types to those that are here, as far as that goes.

A graph always opens. What is not known here stays in it as it is, word for word, and is shown as a placeholder.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import msgspec

from fenlei.pipelines.graph import Graph, Node
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.registry import NodeTypes


class Upgraded(NamedTuple):
    """A graph as it is now, and what became of its nodes.

    Attributes:
        graph: the graph.
        changed: what was done to nodes, by their id: a sentence each.
        unknown: ids of nodes whose type is not here.
        newer: ids of nodes that were written for a newer version of their type.
        stuck: ids of nodes whose parameters their type could not bring up; they stay as they are.
    """

    graph: Graph
    changed: dict[str, str]
    unknown: list[str]
    newer: list[str]
    stuck: list[str]


def upgraded(graph: Graph, types: NodeTypes) -> Upgraded:
    """Bring every node up to its type as it is here.

    Args:
        graph: as it was written.
        types: that are here.
    """
    nodes: list[Node] = []
    changed: dict[str, str] = {}
    unknown: list[str] = []
    newer: list[str] = []
    stuck: list[str] = []
    for node in graph.nodes:
        found = types.find(node.type)
        if found is None:
            unknown.append(node.id)
        elif found.name == node.type and node.version > found.version:
            newer.append(node.id)
        elif (node.type, node.version) != (found.name, found.version):
            params = _params(found, node)
            if params is None:
                stuck.append(node.id)
            else:
                changed[node.id] = (
                    f"{node.type} {node.version} has become {found.name} {found.version}."
                    if node.type != found.name
                    else f"{node.type} was brought from version {node.version} to {found.version}."
                )
                node = msgspec.structs.replace(  # noqa: PLW2901
                    node, type=found.name, version=found.version, params=params
                )
        nodes.append(node)
    return Upgraded(msgspec.structs.replace(graph, nodes=tuple(nodes)), changed, unknown, newer, stuck)


def _params(found: NodeType, node: Node) -> dict[str, Any] | None:
    """The parameters as they are said now; None where the type cannot say."""
    said = copy.deepcopy(node.params)
    if found.upgrade is None:
        return said
    try:
        brought = found.upgrade(node.type, node.version, said)
    except Exception:  # noqa: BLE001 - it may be anybody's, and the graph opens all the same; the check names the node
        return None
    return brought if isinstance(brought, dict) else None
