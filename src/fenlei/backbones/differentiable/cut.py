"""Where a network can be cut so that everything it knows of a picture passes through maps of that picture."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from fenlei.backbones.differentiable.node import Node

MAKERS = frozenset({"AveragePool", "Conv", "MaxPool", "Resize"})
"""Operators whose output, when it has four axes, is a map: (n, channels, rows, columns)."""

BLIND = frozenset({"Shape", "Size"})
"""What comes out of these does not depend on what a picture shows."""


def maps_in(nodes: Sequence[Node], shapes: Mapping[str, tuple[int, ...]], keepers: Collection[str]) -> set[str]:
    """The tensors that are maps.

    Args:
        nodes: in order.
        shapes: of all tensors.
        keepers: operators that leave every place where it is; maps stay maps.
    """
    maps: set[str] = set()
    for node in nodes:
        name = node.outputs[0]
        if len(shapes[name]) != 4 or min(shapes[name][2:]) < 2:
            continue
        beside = [each for each in node.inputs if each in maps]
        kept = node.kind in keepers and any(shapes[each][2:] == shapes[name][2:] for each in beside)
        joined = node.kind == "Concat" and node.get("axis") == 1 and len(beside) == len(node.inputs)
        if node.kind in MAKERS or kept or joined:
            maps.add(name)
    return maps


def last_of(nodes: Sequence[Node], maps: Collection[str]) -> tuple[str, ...]:
    """Those maps that lead to no other of them."""
    leading: set[str] = set()
    last = []
    for node in reversed(nodes):
        outputs = set(node.outputs)
        if not outputs & leading:
            last += [name for name in node.outputs if name in maps]
        if outputs & leading or outputs & set(maps):
            leading.update(node.inputs)
    return tuple(reversed(last))


def parts(nodes: Sequence[Node], cut: Collection[str], first: str, end: str) -> bool:
    """Whether every way from one tensor to another passes through the cut."""
    reached = {first} - set(cut)
    for node in nodes:
        if node.kind not in BLIND and reached.intersection(node.inputs):
            reached.update(name for name in node.outputs if name not in cut)
    return end not in reached


def needed(nodes: Sequence[Node], wanted: Collection[str], given: Collection[str]) -> list[Node]:
    """The nodes that make what is wanted of what is given, in order."""
    open_, found = set(wanted) - set(given), []
    for node in reversed(nodes):
        if open_.intersection(node.outputs):
            found.append(node)
            open_.update(name for name in node.inputs if name not in given)
    return found[::-1]
