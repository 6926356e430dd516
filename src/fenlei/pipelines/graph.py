"""A graph as data: nodes with their parameters, edges between named ports; one JSON file.

The file says `"format": "fenlei-graph/1"`. What a graph means does not depend on the order in which its nodes and edges
stand, nor on where they are drawn: see `meaning`.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

import msgspec

from fenlei.pipelines.errors import BadGraph

FORMAT = "fenlei-graph/1"
MOST_BYTES = 4_000_000
MOST_NODES, MOST_EDGES = 1000, 10_000
MOST_NOTE_CHARS = 10_000
MOST_NAME_CHARS = 200
"""Of a node type and of a port."""
MOST_LEVELS = 32
"""Of lists and objects in one another, among the parameters of a node."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_ID_ALLOWED = "1 to 40 letters, digits, `_` or `-`"


class Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One node.

    Attributes:
        id: its name in this graph; 1 to 40 letters, digits, `_` or `-`.
        type: of the node, such as `data.split`.
        version: of the type, that the parameters were written for; from 1.
        params: what differs from the type's defaults.
        position: where it is drawn, (x, y) in pixels.
        title: what it is called here; "" for the type's own name.
        note: whatever people want to know about it.
    """

    id: str
    type: str
    version: int = 1
    params: dict[str, Any] = {}
    position: tuple[float, float] = (0.0, 0.0)
    title: str = ""
    note: str = ""


class End(NamedTuple):
    """One end of an edge: a port of a node."""

    node: str
    port: str


class Edge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From the output of one node to the input of another.

    Attributes:
        source: an output.
        target: an input.
    """

    source: End
    target: End


class Graph(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nodes and edges.

    Attributes:
        nodes: each with an id of its own.
        edges: between them.
        name: for people.
        note: likewise.
        format: of the file.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    name: str = ""
    note: str = ""
    format: str = FORMAT

    def node(self, node_id: str) -> Node:
        """A node by its id.

        Raises:
            KeyError: there is none.
        """
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(node_id)

    @property
    def meaning(self) -> str:
        """SHA-256, hex, of what the graph does: equal for graphs that differ in places, titles and notes alone."""
        nodes = sorted((each.id, each.type, each.version, each.params) for each in self.nodes)
        edges = sorted((*each.source, *each.target) for each in self.edges)
        return hashlib.sha256(msgspec.json.encode([nodes, edges], order="deterministic")).hexdigest()


def read_graph(data: bytes | str) -> Graph:
    """Read a graph. Its nodes may be of types that are not here, and it may have faults: it opens all the same.

    Args:
        data: JSON, at most 4 MB.

    Raises:
        BadGraph: it is none; the sentence says where.
    """
    try:
        written = data.encode() if isinstance(data, str) else data
        if len(written) > MOST_BYTES:
            raise BadGraph(f"The graph has {len(written)} bytes; a graph has at most {MOST_BYTES}.")
        said = msgspec.json.decode(written)
    except RecursionError as exc:
        raise BadGraph(f"The graph has lists or objects in one another, deeper than {MOST_LEVELS} levels.") from exc
    except (msgspec.DecodeError, UnicodeError) as exc:
        raise BadGraph(f"The graph is no JSON: {exc}.") from exc
    return graph_of(said)


def graph_of(said: Any) -> Graph:
    """The graph that JSON values say.

    Raises:
        BadGraph: they say none.
    """
    if not isinstance(said, dict):
        raise BadGraph("A graph is a JSON object with `nodes` and `edges`.")
    format_said = said.get("format", FORMAT)
    if format_said != FORMAT:
        raise BadGraph(f"The graph is of the format {str(format_said)[:40]!r}; this Fenlei reads {FORMAT!r}.")
    try:
        graph = msgspec.convert(said, Graph)
    except msgspec.ValidationError as exc:
        raise BadGraph(f"This is no graph: {exc}.") from exc
    _check(graph)
    return graph


def write_graph(graph: Graph) -> bytes:
    """A graph as a JSON file that people can read; the same graph is the same bytes."""
    return msgspec.json.format(msgspec.json.encode(graph), indent=2) + b"\n"


def _check(graph: Graph) -> None:
    if max(len(graph.name), len(graph.note)) > MOST_NOTE_CHARS:
        raise BadGraph(f"Name and note of the graph may have {MOST_NOTE_CHARS} characters each.")
    if len(graph.nodes) > MOST_NODES or len(graph.edges) > MOST_EDGES:
        raise BadGraph(
            f"The graph has {len(graph.nodes)} nodes and {len(graph.edges)} edges; at most {MOST_NODES} and "
            f"{MOST_EDGES} are read."
        )
    seen: set[str] = set()
    for node in graph.nodes:
        if not _ID.fullmatch(node.id):
            raise BadGraph(f"The node id {node.id[:50]!r} cannot be; an id has {_ID_ALLOWED}.")
        if node.id in seen:
            raise BadGraph(f"Two nodes have the id {node.id!r}; each needs one of its own.")
        seen.add(node.id)
        if not 1 <= len(node.type) <= MOST_NAME_CHARS:
            raise BadGraph(
                f"The type of the node {node.id!r} has {len(node.type)} characters; 1 to {MOST_NAME_CHARS} are read."
            )
        if node.version < 1:
            raise BadGraph(f"The node {node.id!r} is for version {node.version} of its type; versions begin with 1.")
        if max(len(node.title), len(node.note)) > MOST_NOTE_CHARS:
            raise BadGraph(f"Title and note of the node {node.id!r} may have {MOST_NOTE_CHARS} characters each.")
        if _deeper(node.params, MOST_LEVELS):
            raise BadGraph(
                f"The parameters of the node {node.id!r} have lists or objects in one another, deeper than "
                f"{MOST_LEVELS} levels."
            )
    for edge in graph.edges:
        for end in (edge.source, edge.target):
            if end.node not in seen:
                raise BadGraph(f"An edge ends at the node {end.node[:50]!r}, which is not in the graph.")
            if not 1 <= len(end.port) <= MOST_NAME_CHARS:
                raise BadGraph(
                    f"An edge ends at a port of the node {end.node!r} whose name has {len(end.port)} characters; 1 to "
                    f"{MOST_NAME_CHARS} are read."
                )


def _deeper(said: Any, levels: int) -> bool:
    """Whether lists and objects are in one another for more levels than that."""
    inside = said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()
    return levels < 0 or any(_deeper(each, levels - 1) for each in inside)
