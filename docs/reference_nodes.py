"""The reference of node types, from what each says of itself."""

from __future__ import annotations

from typing import Any

from docs.node_examples import example_of, written
from fenlei.pipelines.kinds import LOOKS
from fenlei.pipelines.node import FAMILIES, NodeType, Port
from fenlei.pipelines.parameters import HELP_ZH, TITLE_ZH, allowed_of, schema_of
from fenlei.pipelines.registry import node_types

HEAD = """# Node types

*Written by `python -m docs.generate` from the sources; do not edit.*

What a graph that `fenlei run` carries out is made of; see the [guide](../guide.en.md#carry-out-a-graph). An edge joins
an output to an input of the same kind. Each example is a whole graph: `photos` is a folder with a folder for each
class. Of nodes that take the whole machine one works at a time; others work beside it.
"""


def nodes_page() -> str:
    """The page as Markdown."""
    types = list(node_types().values())
    lines = [f"- [`{each.name}`](#{_anchor(each)}) {each.title.en}, {each.title.zh}" for each in types]
    return "\n".join([HEAD, *lines, "", *(_node(each) for each in types)])


def _anchor(node_type: NodeType) -> str:
    return node_type.name.replace(".", "")


def _node(node_type: NodeType) -> str:
    family = FAMILIES[node_type.family]
    lines = [
        f"## {node_type.name}",
        "",
        f"**{node_type.title.en}**, {node_type.title.zh} · {family.en}, {family.zh} · version {node_type.version}"
        f"{' · takes the whole machine, 占用整机' if node_type.whole_machine else ''}",
        "",
        node_type.help.en,
        "",
        node_type.help.zh,
        "",
        f"Takes: {_ports(node_type.inputs)}. Gives: {_ports(node_type.outputs)}.",
        "",
    ]
    said = schema_of(node_type.params).get("properties", {})
    if said:
        lines += ["| parameter | | default | allowed |", "|---|---|---|---|"]
        lines += [_parameter(node_type, name, field) for name, field in said.items()]
        lines.append("")
    lines += ["```json", written(example_of(node_type, node_types())), "```", ""]
    return "\n".join(lines)


def _ports(ports: tuple[Port, ...]) -> str:
    if not ports:
        return "nothing"
    return ", ".join(
        f"`{port.name}` ({LOOKS[port.kind].name.en.lower()}{'' if port.required else ', optional'})" for port in ports
    )


def _parameter(node_type: NodeType, name: str, field: dict[str, Any]) -> str:
    default = "required" if "default" not in field else _word(field["default"])
    help_ = f"**{field['title']}**: {field['description']}<br>**{field[TITLE_ZH]}**：{field[HELP_ZH]}"
    cells = [f"`{name}`", help_, default, allowed_of(node_type.params, name).en]
    return f"| {' | '.join(each.replace('|', chr(92) + '|') for each in cells)} |"


def _word(value: Any) -> str:
    if value is None:
        return "empty"
    return str(value).lower() if isinstance(value, bool) else f"`{value}`"
