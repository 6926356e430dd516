"""What a platform answers of graphs, as typed records. Fields that a newer server adds are passed over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class Problem(Struct, frozen=True):
    """One thing that is wrong with a graph: which fault, node, port and parameter (empty where it is none's), a
    sentence and its remedy in both languages; `stops` where the graph cannot run as long as this is so."""

    fault: str
    node: str
    port: str
    parameter: str
    en: str
    zh: str
    remedy_en: str
    remedy_zh: str
    stops: bool = True


class Checked(Struct, frozen=True):
    """What is wrong with a graph; what would be done to nodes to bring them to the types of the platform, by their id;
    ids of nodes whose type it does not have."""

    problems: list[Problem]
    changed: dict[str, str]
    unknown: list[str]

    @property
    def runs(self) -> bool:
        """Whether nothing stands in the way of running it."""
        return not any(each.stops for each in self.problems)


class GraphRevision(Struct, frozen=True):
    """A graph as it was saved, without the graph itself. `meaning` is equal for graphs that do the same."""

    id: str
    number: int
    note: str
    digest: str
    meaning: str
    created_at: datetime
    created_by: str | None


class SavedGraph(GraphRevision, frozen=True):
    """A revision with its graph, as its file has it; nodes are brought to the types of the platform: `changed` says
    what was done for that, `unknown` names those that it does not have."""

    project_id: str
    graph: dict[str, Any]
    changed: dict[str, str]
    unknown: list[str]
    problems: list[Problem] = []


class GraphNode(Struct, frozen=True):
    """What became of one node in one run. `state` is waiting, running, done, cached, failed, skipped or cancelled;
    `outputs` are references by port: a kind, a digest, a few facts."""

    node: str
    state: str
    key: str
    outputs: dict[str, Any]
    stage: str
    progress: float
    seconds: float
    memory: int | None
    why: str
    began_at: datetime | None


class Words(Struct, frozen=True):
    """The same in both languages."""

    en: str
    zh: str


class NodePort(Struct, frozen=True):
    """A port of a node type; an edge joins two of one kind."""

    name: str
    kind: str
    required: bool


class GraphNodeType(Struct, frozen=True):
    """What a node is and does. `parameters` is the JSON Schema of its parameters."""

    name: str
    version: int
    family: str
    icon: str
    title: Words
    help: Words
    inputs: list[NodePort]
    outputs: list[NodePort]
    parameters: dict[str, Any]
    example: dict[str, Any] | None
    whole_machine: bool
    replaces: list[str]


class NodeFamily(Struct, frozen=True):
    """A part of the palette."""

    name: str
    title: Words


class NodeKind(Struct, frozen=True):
    """What may travel along an edge, and its colour."""

    name: str
    title: Words
    colour: str


class NodeTypes(Struct, frozen=True):
    """All node types of a platform. `broken` says of which packages the node types are missing, and why."""

    types: list[GraphNodeType]
    families: list[NodeFamily]
    kinds: list[NodeKind]
    broken: list[str]


class Template(Struct, frozen=True):
    """A graph to begin with, which reads a folder; `help` says when it is the right one."""

    name: str
    title: Words
    help: Words
    graph: dict[str, Any]


class ComparedNode(Struct, frozen=True):
    """A node in two runs: `change` is same, changed, added or removed; parameters that differ; edges into it that one
    of them has; what became of it in both; whether both left the same behind; figures that both have."""

    node: str
    type: tuple[str | None, str | None]
    change: str
    params: list[dict[str, Any]]
    inputs: dict[str, list[str]]
    rows: tuple[dict[str, Any] | None, dict[str, Any] | None]
    same_result: bool | None
    figures: list[dict[str, Any]]


class GraphComparison(Struct, frozen=True):
    """Two runs of graphs, node by node; `same_graph` where both did the same, wherever their nodes are drawn."""

    runs: list[dict[str, Any]]
    same_graph: bool
    nodes: list[ComparedNode]
