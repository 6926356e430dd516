"""A template: a graph in which nothing but the source of the pictures is to be filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import msgspec

from fenlei.pipelines.graph import Edge, End, Graph, Node
from fenlei.pipelines.words import Words

PICTURES = "pictures.images"
"""What the source gives, as steps say it."""
FOLDER = Node(id="pictures", type="data.folder", params={"path": "photos"})
"""Where pictures come from, unless one says it."""
PUBLISH = "finish.publish"
_COLUMN, _ROW = 260.0, 150.0
"""Pixels between nodes."""


@dataclass(frozen=True)
class Step:
    """One node of a template.

    Attributes:
        id: of the node.
        type: of the node.
        place: column and row where it is drawn; the source stands in column 0.
        takes: by input, the `node.port` that it is joined to.
        params: that differ from the defaults.
        version: of the type.
    """

    id: str
    type: str
    place: tuple[int, float]
    takes: Mapping[str, str]
    params: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


class Template(NamedTuple):
    """A graph to begin with.

    Attributes:
        name: by which it is asked for; also the name under which its model is published, unless one says another.
        title: for people.
        help: when it is the right one, and what it does.
        steps: all but the source, in an order in which each has what it takes.
        row: where the source is drawn.
    """

    name: str
    title: Words
    help: Words
    steps: tuple[Step, ...]
    row: float = 0

    def graph(self, source: Node = FOLDER, *, publish: str | None = "", language: Literal["en", "zh"] = "en") -> Graph:
        """The graph, free of faults if the source is.

        Args:
            source: gives the pictures by an output `images`; its place is the template's.
            publish: under which name; "": that of the template; None: it is not published.
            language: of the graph's name and note.
        """
        steps = [each for each in self.steps if publish is not None or each.type != PUBLISH]
        nodes = [msgspec.structs.replace(source, position=(0.0, self.row * _ROW))]
        for step in steps:
            column, row = step.place
            params = dict(step.params) | ({"name": publish or self.name} if step.type == PUBLISH else {})
            nodes.append(
                Node(
                    id=step.id,
                    type=step.type,
                    version=step.version,
                    params=params,
                    position=(column * _COLUMN, row * _ROW),
                )
            )
        edges = [
            Edge(source=_end(source.id if said == PICTURES else "", said), target=End(step.id, port))
            for step in steps
            for port, said in step.takes.items()
        ]
        title, told = getattr(self.title, language), getattr(self.help, language)
        return Graph(nodes=tuple(nodes), edges=tuple(edges), name=title, note=told)


def _end(source: str, said: str) -> End:
    node, _, port = said.partition(".")
    return End(source or node, port)
