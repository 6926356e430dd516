"""The legal and illegal graphs that every implementation of the check is held to, and the node types they are made of.

They are data, `tests/fixtures/graphs.json`; the console reads the same file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NoReturn

import msgspec
from pydantic import Field, create_model

from fenlei.pipelines.kinds import Kind
from fenlei.pipelines.node import Family, NodeType, Port
from fenlei.pipelines.parameters import Params
from fenlei.pipelines.problem import Fault
from fenlei.pipelines.registry import NodeTypes
from fenlei.pipelines.words import Words

FILE = Path(__file__).parent.parent / "fixtures" / "graphs.json"


class SaidPort(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A port as the file describes it."""

    name: str
    kind: Kind
    required: bool = True


class SaidType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node type as the file describes it; `params` is a JSON Schema."""

    name: str
    version: int
    title: dict[str, str]
    inputs: list[SaidPort]
    outputs: list[SaidPort]
    params: dict[str, Any]


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is compared of a problem; sentences are each implementation's own."""

    fault: Fault
    node: str
    port: str
    parameter: str


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A graph, and what is wrong with it."""

    name: str
    graph: Any
    problems: list[Found] = []


class Cases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    about: str
    node_types: list[SaidType]
    legal: list[Case]
    illegal: list[Case]
    unreadable: list[Case]


CASES = msgspec.json.decode(FILE.read_bytes(), type=Cases)

_BOUNDS = {"exclusiveMinimum": "gt", "minimum": "ge", "exclusiveMaximum": "lt", "maximum": "le"}
_BOUNDS |= {"minLength": "min_length", "maxLength": "max_length"}
_TYPES: dict[str, Any] = {"string": str, "number": float, "integer": int, "boolean": bool}


def case_types() -> NodeTypes:
    """The node types of the file. None of them can be carried out."""
    return NodeTypes([_node_type(each) for each in CASES.node_types])


def _node_type(said: SaidType) -> NodeType:
    def ports(of: list[SaidPort]) -> tuple[Port, ...]:
        return tuple(Port(each.name, each.kind, each.required) for each in of)

    def function(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("these are not carried out")

    title = Words(said.title["en"], said.title["zh"])
    return NodeType(
        name=said.name,
        version=said.version,
        family=Family.DATA,
        icon="",
        title=title,
        help=title,
        params=_params(said),
        inputs=ports(said.inputs),
        outputs=ports(said.outputs),
        function=function,
        several=len(said.outputs) > 1,
    )


def _params(said: SaidType) -> type[Params]:
    fields: dict[str, Any] = {}
    for name, schema in said.params["properties"].items():
        kind = Literal[tuple(schema["enum"])] if "enum" in schema else _TYPES[schema["type"]]
        default = ... if name in said.params["required"] else schema["default"]
        bounds: dict[str, Any] = {word: schema[key] for key, word in _BOUNDS.items() if key in schema}
        fields[name] = (kind, Field(default, **bounds))
    return create_model("Said", __base__=Params, **fields)
