"""How the nodes of a graph hang together: what comes before what, and what goes in a circle."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple

from fenlei.pipelines.graph import Graph

Hanging = Mapping[str, Set[str]]
"""By node, the nodes next to it, in one direction."""


def predecessors(graph: Graph) -> dict[str, set[str]]:
    """By node, the nodes whose outputs it takes."""
    found: dict[str, set[str]] = {node.id: set() for node in graph.nodes}
    for edge in graph.edges:
        found[edge.target.node].add(edge.source.node)
    return found


def turned(hanging: Hanging) -> dict[str, set[str]]:
    """The other direction."""
    found: dict[str, set[str]] = {each: set() for each in hanging}
    for each, others in hanging.items():
        for other in others:
            found[other].add(each)
    return found


def reached(starts: Iterable[str], hanging: Hanging) -> set[str]:
    """Every node that one comes to from these, in one step or more; a start only where one comes back to it."""
    found: set[str] = set()
    ahead = list(starts)
    while ahead:
        new = hanging[ahead.pop()] - found
        found |= new
        ahead += new
    return found


class Knot(NamedTuple):
    """Nodes of which each depends on each.

    Attributes:
        nodes: all of them, in the order of the graph.
        ring: a shortest way from the first of them back to it, along the edges; it begins with the first.
    """

    nodes: list[str]
    ring: list[str]


def knots(graph: Graph) -> list[Knot]:
    """What goes in a circle, in the order of the first nodes; empty where the graph can be carried out."""
    before = predecessors(graph)
    after = turned(before)
    left = _left(before, after)
    found: list[Knot] = []
    tied: set[str] = set()
    for node in graph.nodes:
        if node.id in tied or node.id not in left:
            continue
        inside = reached([node.id], before) & reached([node.id], after)
        if inside:
            tied |= inside
            found.append(Knot([each.id for each in graph.nodes if each.id in inside], _ring(node.id, after)))
    return found


def _left(before: Hanging, after: Hanging) -> set[str]:
    """What is left when nodes that wait for none are taken away until there are no such; nearly always nothing."""
    waits = {each: len(others) for each, others in before.items()}
    ahead = [each for each, count in waits.items() if not count]
    while ahead:
        gone = ahead.pop()
        del waits[gone]
        for each in after[gone]:
            waits[each] -= 1
            if not waits[each]:
                ahead.append(each)
    return set(waits)


def _ring(start: str, after: Hanging) -> list[str]:
    came: dict[str, str] = {}
    ahead = deque([start])
    while start not in came:
        here = ahead.popleft()
        for each in sorted(after[here]):
            if each not in came:
                came[each] = here
                ahead.append(each)
    ring = [came[start]]
    while ring[-1] != start:
        ring.append(came[ring[-1]])
    return ring[::-1]
