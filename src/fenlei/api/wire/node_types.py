"""Node types on the wire: what a canvas draws its palette and its forms from."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fenlei.api.wire.base import Shown
from fenlei.pipelines.kinds import LOOKS, Kind
from fenlei.pipelines.node import FAMILIES, Family, NodeType
from fenlei.pipelines.parameters import schema_of
from fenlei.pipelines.registry import NodeTypes


class WordsOut(Shown):
    """The same in both languages."""

    en: str = Field(examples=["Split"])
    zh: str = Field(examples=["划分"])


class PortOut(Shown):
    """A port of a node."""

    name: str = Field(examples=["images"])
    kind: Kind = Field(description="Of what travels through it; an edge joins two of one kind.")
    required: bool = Field(description="Whether it must be joined; true of outputs.")


class NodeTypeOut(Shown):
    """What a node is and does."""

    name: str = Field(examples=["data.split"])
    version: int = Field(examples=[1])
    family: Family = Field(description="Where it stands in the palette.")
    icon: str = Field(description="Its name.", examples=["arrows-split"])
    title: WordsOut
    help: WordsOut
    inputs: list[PortOut]
    outputs: list[PortOut]
    parameters: dict[str, Any] = Field(
        description="JSON Schema of its parameters; fields have `title_zh` and `description_zh` beside `title` and "
        "`description`.",
        examples=[{"type": "object", "properties": {"test": {"type": "number", "default": 0.2, "title": "Test part"}}}],
    )
    example: dict[str, Any] | None = Field(
        description="Parameters as somebody may set them.", examples=[{"test": 0.25}]
    )
    whole_machine: bool = Field(description="Whether it keeps all cores busy; of such nodes one works at a time.")
    replaces: list[str] = Field(description="Names that it had before.", examples=[[]])


class FamilyOut(Shown):
    """A part of the palette."""

    name: Family
    title: WordsOut


class KindOut(Shown):
    """What may travel along an edge."""

    name: Kind
    title: WordsOut
    colour: str = Field(description="Of its ports and edges.", examples=["#2f7ed8"])


class NodeTypesOut(Shown):
    """All node types that are here."""

    types: list[NodeTypeOut] = Field(description="In the order of their names.")
    families: list[FamilyOut] = Field(description="In the order of the palette.")
    kinds: list[KindOut]
    broken: list[str] = Field(
        description="A sentence about each package whose node types are not here although it is installed.",
        examples=[[]],
    )


def node_types_out(types: NodeTypes) -> NodeTypesOut:
    """Node types as they are answered."""
    return NodeTypesOut(
        types=[_type_out(each) for each in types.values()],
        families=[FamilyOut(name=name, title=WordsOut.model_validate(words)) for name, words in FAMILIES.items()],
        kinds=[
            KindOut(name=name, title=WordsOut.model_validate(look.name), colour=look.colour)
            for name, look in LOOKS.items()
        ],
        broken=list(types.broken),
    )


def _type_out(found: NodeType) -> NodeTypeOut:
    return NodeTypeOut(
        name=found.name,
        version=found.version,
        family=found.family,
        icon=found.icon,
        title=WordsOut.model_validate(found.title),
        help=WordsOut.model_validate(found.help),
        inputs=[PortOut.model_validate(each) for each in found.inputs],
        outputs=[PortOut.model_validate(each) for each in found.outputs],
        parameters=schema_of(found.params),
        example=found.example,
        whole_machine=found.whole_machine,
        replaces=list(found.replaces),
    )
