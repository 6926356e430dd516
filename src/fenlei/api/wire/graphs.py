"""Graphs on the wire: as they are sent, as they are read, their revisions."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import ConfigDict, Field

from fenlei.api.wire.base import EXAMPLE, NO_NUL, SHA256, By, Given, Note, Shown
from fenlei.api.wire.problems import ProblemOut
from fenlei.pipelines.errors import BadGraph
from fenlei.pipelines.graph import (
    FORMAT,
    MOST_EDGES,
    MOST_NAME_CHARS,
    MOST_NODES,
    MOST_NOTE_CHARS,
    Graph,
    read_graph,
)

NODE_ID = "^[A-Za-z0-9_-]{1,40}$"

NodeId = Annotated[str, Path(pattern=NODE_ID, examples=["train"])]
Port = Annotated[
    str,
    Path(min_length=1, max_length=MOST_NAME_CHARS, pattern=NO_NUL, description="Of an output.", examples=["model"]),
]
Sha256InPath = Annotated[
    str,
    Path(
        pattern=SHA256,
        description="Of the file of a picture.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
RevisionNumber = Annotated[
    int | None, Query(ge=1, lt=2**31, description="Of the revision; without one: the latest.", examples=[3])
]

ANodeId = Annotated[str, Field(pattern=NODE_ID, examples=["train"])]
Text = Annotated[str, Field(max_length=MOST_NOTE_CHARS, pattern=NO_NUL)]
Called = Annotated[str, Field(min_length=1, max_length=MOST_NAME_CHARS, pattern=NO_NUL)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
End = Annotated[
    list[Called],
    Field(min_length=2, max_length=2, description="Id of a node, name of a port.", examples=[["train", "model"]]),
]


class Drawn(Given):
    """What belongs to a graph: values are not bent into another type."""

    model_config = ConfigDict(strict=True)


class GivenNode(Drawn):
    """A node."""

    id: ANodeId
    type: Called = Field(description="Of the node.", examples=["train.auto"])
    version: int = Field(1, ge=1, description="Of the type, that the parameters were written for.")
    params: dict[str, Any] = Field(
        {}, description="What differs from the type's defaults.", examples=[{"goal": "fast"}]
    )
    position: list[Finite] = Field(
        [0.0, 0.0], min_length=2, max_length=2, description="Where it is drawn: x, y in pixels.", examples=[[280, 0]]
    )
    title: Text = Field("", description="What it is called here; empty for the type's own name.")
    note: Text = Field("", description="Whatever people want to know about it.")


class GivenEdge(Drawn):
    """From the output of one node to the input of another."""

    source: End
    target: End


class GivenGraph(Drawn):
    """A graph, as its file has it. Its nodes may be of types that are not here, and it may have faults."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "format": FORMAT,
                    "nodes": [
                        {"id": "data", "type": "data.dataset", "params": {"dataset": "Gestures"}},
                        {"id": "split", "type": "data.split"},
                        {"id": "train", "type": "train.auto", "params": {"goal": "fast"}},
                    ],
                    "edges": [
                        {"source": ["data", "images"], "target": ["split", "images"]},
                        {"source": ["split", "split"], "target": ["train", "split"]},
                    ],
                }
            ]
        }
    )

    nodes: list[GivenNode] = Field(max_length=MOST_NODES, description="Each with an id of its own.")
    edges: list[GivenEdge] = Field([], max_length=MOST_EDGES)
    name: Text = Field("", description="For people.")
    note: Text = Field("", description="For people.")
    format: Literal["fenlei-graph/1"] = Field("fenlei-graph/1", description="Of the file.")

    def graph(self) -> Graph:
        """The graph.

        Raises:
            BadGraph: it is none, such as one with an edge that ends nowhere, or with numbers that are none.
        """
        said = {
            "nodes": [dict(each) for each in self.nodes],
            "edges": [dict(each) for each in self.edges],
            **{name: getattr(self, name) for name in ("name", "note", "format")},
        }
        try:
            written = json.dumps(said, allow_nan=False)
        except RecursionError:
            raise BadGraph("Parameters of a node have too many lists or objects in one another.") from None
        except ValueError:
            raise BadGraph("The graph holds a number that is infinite or none.") from None
        return read_graph(written)


class NewRevision(Given):
    """A graph to save: the whole of it."""

    graph: GivenGraph
    note: Note = ""


class GraphToCheck(Given):
    """A graph to look at."""

    graph: GivenGraph


class DrawnNode(Shown):
    """A node."""

    id: str = Field(examples=["train"])
    type: str = Field(examples=["train.auto"])
    version: int = Field(examples=[1])
    params: dict[str, Any] = Field(examples=[{"goal": "fast"}])
    position: tuple[float, float] = Field(description="Where it is drawn: x, y in pixels.", examples=[[280, 0]])
    title: str = Field(description="What it is called here; empty for the type's own name.", examples=[""])
    note: str = Field(examples=[""])


class DrawnEdge(Shown):
    """From the output of one node to the input of another: id of a node, name of a port."""

    source: tuple[str, str] = Field(examples=[["split", "split"]])
    target: tuple[str, str] = Field(examples=[["train", "split"]])


class DrawnGraph(Shown):
    """A graph, as its file has it."""

    nodes: list[DrawnNode]
    edges: list[DrawnEdge]
    name: str = Field(examples=["quick classifier"])
    note: str = Field(examples=[""])
    format: str = Field(examples=[FORMAT])


class RevisionOut(Shown):
    """A graph as it was saved, without the graph itself; never changed."""

    id: str = Field(examples=[f"gr_{EXAMPLE}"])
    number: int = Field(description="Counts within its project.", examples=[3])
    note: str = Field(examples=["other head"])
    digest: str = Field(
        description="SHA-256 of its file.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    meaning: str = Field(
        description="Equal for graphs that do the same, wherever their nodes are drawn.",
        examples=["60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"],
    )
    created_at: datetime
    created_by: By


class RevisionPlaced(RevisionOut):
    """A graph as it was saved, with its nodes brought to the types that are here."""

    project_id: str = Field(examples=[f"pr_{EXAMPLE}"])
    graph: DrawnGraph
    changed: dict[str, str] = Field(
        description="What was done to nodes for that, by their id.",
        examples=[{"split": "data.split was brought from version 1 to 2."}],
    )
    unknown: list[str] = Field(description="Ids of nodes whose type is not here.", examples=[[]])


class GraphOut(RevisionPlaced):
    """The graph of a project, and what is wrong with it now."""

    problems: list[ProblemOut]


class GraphChecked(Shown):
    """What is wrong with a graph; with no problem that stops it, it can run."""

    problems: list[ProblemOut]
    changed: dict[str, str] = Field(
        description="What would be done to nodes to bring them to the types that are here, by their id.", examples=[{}]
    )
    unknown: list[str] = Field(description="Ids of nodes whose type is not here.", examples=[[]])
