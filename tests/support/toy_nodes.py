"""Node types for tests: declared in a line, and made of functions that do what the test wants."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from fenlei.pipelines.graph import Edge, End, Graph, Node
from fenlei.pipelines.node import MARK, Family, NodeType, node
from fenlei.pipelines.reference import Images
from fenlei.pipelines.words import Words

WORD = Words("Word", "词")


def declared(function: Callable[..., Any], name: str, version: int = 1, **said: Any) -> NodeType:
    """The node type that a function is, under that name."""
    told: dict[str, Any] = {"family": Family.DATA, "icon": "box", "title": WORD, "help": WORD} | said
    node(name, version=version, **told)(function)
    made = getattr(function, MARK)
    assert isinstance(made, NodeType)
    return made


def images(*words: object) -> Images:
    """A reference to something that these words say; the same words, the same reference."""
    digest = hashlib.sha256(repr(words).encode()).hexdigest()
    return Images(digest=digest, pictures=1, labels={"cat": 1})


def graph(nodes: Mapping[str, str | tuple[str, dict[str, Any]]], edges: str = "") -> Graph:
    """A graph.

    Args:
        nodes: types by id, or type and parameters.
        edges: such as `a.images>b.one b.images>c.one`.
    """
    made = [
        Node(id=each, type=said) if isinstance(said, str) else Node(id=each, type=said[0], params=said[1])
        for each, said in nodes.items()
    ]
    ends = [[End(*end.split(".")) for end in edge.split(">")] for edge in edges.split()]
    return Graph(nodes=tuple(made), edges=tuple(Edge(source=source, target=target) for source, target in ends))
