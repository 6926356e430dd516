"""What is wrong with a graph, found out before anything runs. Each rule is a function; all of them are asked.

What depends on data is asked of `looks`, which whoever runs the graph hands in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from fenlei.pipelines.graph import Graph, Node
from fenlei.pipelines.kinds import LOOKS
from fenlei.pipelines.node import NodeType, Port
from fenlei.pipelines.parameters import Params, read_params
from fenlei.pipelines.problem import Fault, Problem
from fenlei.pipelines.registry import NodeTypes
from fenlei.pipelines.shape import Knot, knots, predecessors, reached, turned
from fenlei.pipelines.words import Words

DataLook = Callable[[Node, NodeType, Params], Sequence[Problem]]
"""What is wrong with the data that a node reads, such as a data set that is gone."""


class Placed(NamedTuple):
    """A node whose type is here."""

    node: Node
    type: NodeType

    @property
    def name(self) -> str:
        """What it is called for people."""
        return self.node.title or self.type.title.en

    @property
    def name_zh(self) -> str:
        """The same in Chinese."""
        return self.node.title or self.type.title.zh


class _Known(NamedTuple):
    graph: Graph
    placed: dict[str, Placed]
    knots: list[Knot]
    broken: Sequence[str]

    def called(self, node_id: str) -> Words:
        """What a node is called for people, whether its type is here or not."""
        found = self.placed.get(node_id)
        return Words(node_id, node_id) if found is None else Words(found.name, found.name_zh)


def check_graph(graph: Graph, types: NodeTypes, looks: DataLook | None = None) -> list[Problem]:
    """Everything that is wrong with a graph, node by node in their order; empty where it can run.

    Args:
        graph: as `upgrade.upgraded` gives it.
        types: that are here.
        looks: asks for the data; None: nobody does.
    """
    placed = {
        node.id: Placed(node, found) for node in graph.nodes if (found := types.get(node.type)) is not None
    }  # fmt: skip
    known = _Known(graph, placed, knots(graph), types.broken)
    problems = [problem for rule in RULES for problem in rule(known)]
    if looks is not None:
        problems += _data(known, looks)
    order = {node.id: number for number, node in enumerate(graph.nodes)}
    return sorted(problems, key=lambda each: order.get(each.node, -1))


def _empty(known: _Known) -> Iterator[Problem]:
    if not known.graph.nodes:
        yield Problem(
            fault=Fault.EMPTY,
            en="The graph has no nodes.",
            zh="图中没有节点。",
            remedy_en="Add a data set and something that works on it.",
            remedy_zh="请添加一个数据集和处理它的节点。",
        )


def _types(known: _Known) -> Iterator[Problem]:
    perhaps = " ".join(known.broken)
    hint = f" It may be one of those that are installed and could not be loaded: {perhaps}" if perhaps else ""
    hint_zh = f"它也可能属于已安装但无法加载的软件包：{perhaps}" if perhaps else ""
    for node in known.graph.nodes:
        found = known.placed.get(node.id)
        if found is None:
            yield Problem(
                fault=Fault.UNKNOWN_TYPE,
                node=node.id,
                en=f"There is no node type {node.type!r} here.",
                zh=f"这里没有节点类型“{node.type}”。",
                remedy_en=f"Install the package that brings it, or take the node out of the graph.{hint}",
                remedy_zh=f"请安装提供它的软件包，或从图中移除该节点。{hint_zh}",
            )
        elif node.version > found.type.version:
            yield Problem(
                fault=Fault.NEWER_VERSION,
                node=node.id,
                en=f"{found.name} was written for version {node.version} of {node.type!r}; here it is version "
                f"{found.type.version}.",
                zh=f"“{found.name_zh}”是为“{node.type}”第 {node.version} 版编写的，这里是第 {found.type.version} 版。",
                remedy_en="Bring Fenlei, or the package that brings the node type, up to date.",
                remedy_zh="请更新 Fenlei 或提供该节点类型的软件包。",
            )
        elif node.version < found.type.version:
            yield Problem(
                fault=Fault.OLDER_VERSION,
                node=node.id,
                en=f"{found.name} was written for version {node.version} of {node.type!r}, and its parameters could "
                f"not be brought to version {found.type.version}.",
                zh=f"“{found.name_zh}”是为“{node.type}”第 {node.version} 版编写的，其参数无法转换到"
                f"第 {found.type.version} 版。",
                remedy_en="Put a new node of this type in its place and set its parameters anew.",
                remedy_zh="请用该类型的新节点替换它，并重新设置参数。",
            )


def _parameters(known: _Known) -> Iterator[Problem]:
    for found in known.placed.values():
        if found.node.version != found.type.version:
            continue  # what another version's parameters mean is not known here
        for bad in read_params(found.type.params, found.node.params)[1]:
            which = f"the parameter `{bad.name}`" if bad.name else "the parameters"
            which_zh = f"参数“{bad.name}”" if bad.name else "参数"
            yield Problem(
                fault=Fault.BAD_PARAMETER,
                node=found.node.id,
                parameter=bad.name,
                en=f"Of {found.name}, {which} cannot be so: {bad.why.en}.",
                zh=f"“{found.name_zh}”的{which_zh}不合要求：{bad.why.zh}。",
                remedy_en=f"Allowed: {bad.allowed.en}.",
                remedy_zh=f"允许的取值：{bad.allowed.zh}。",
            )


def _ports(known: _Known) -> Iterator[Problem]:
    for edge in known.graph.edges:
        source, target = known.placed.get(edge.source.node), known.placed.get(edge.target.node)
        if source is not None and source.type.output(edge.source.port) is None:
            yield _no_port(source, edge.source.port, source.type.outputs, "output", "输出")
        if target is not None and target.type.input(edge.target.port) is None:
            yield _no_port(target, edge.target.port, target.type.inputs, "input", "输入")


def _no_port(found: Placed, port: str, ports: Sequence[Port], side: str, side_zh: str) -> Problem:
    there = ", ".join(f"`{each.name}`" for each in ports) or "none"
    return Problem(
        fault=Fault.NO_SUCH_PORT,
        node=found.node.id,
        port=port,
        en=f"{found.name} has no {side} {port!r}.",
        zh=f"“{found.name_zh}”没有{side_zh}端口“{port}”。",
        remedy_en=f"Its {side}s are: {there}.",
        remedy_zh=f"它的{side_zh}端口有：{there}。",
    )


def _kinds(known: _Known) -> Iterator[Problem]:
    for edge in known.graph.edges:
        source, target = known.placed.get(edge.source.node), known.placed.get(edge.target.node)
        if source is None or target is None:
            continue
        out, into = source.type.output(edge.source.port), target.type.input(edge.target.port)
        if out is None or into is None or out.kind == into.kind:
            continue
        gives, wants = LOOKS[out.kind].name, LOOKS[into.kind].name
        yield Problem(
            fault=Fault.TYPE_MISMATCH,
            node=target.node.id,
            port=into.name,
            en=f"The input `{into.name}` of {target.name} takes `{into.kind}`, and {source.name} gives `{out.kind}`.",
            zh=f"“{target.name_zh}”的输入“{into.name}”需要{wants.zh}，而“{source.name_zh}”给出的是{gives.zh}。",
            remedy_en=f"Join it to an output of the kind `{into.kind}`.",
            remedy_zh=f"请把它接到类型为{wants.zh}的输出上。",
        )


def _taken(known: _Known) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for edge in known.graph.edges:
        place = (edge.target.node, edge.target.port)
        found = known.placed.get(edge.target.node)
        if place in seen and found is not None:
            yield Problem(
                fault=Fault.TAKEN_PORT,
                node=edge.target.node,
                port=edge.target.port,
                en=f"Two edges end at the input `{edge.target.port}` of {found.name}.",
                zh=f"有两条连线接到“{found.name_zh}”的输入“{edge.target.port}”。",
                remedy_en="Take one of them away.",
                remedy_zh="请删除其中一条。",
            )
        seen.add(place)


def _missing(known: _Known) -> Iterator[Problem]:
    joined = {(edge.target.node, edge.target.port) for edge in known.graph.edges}
    for found in known.placed.values():
        for port in found.type.inputs:
            if port.required and (found.node.id, port.name) not in joined:
                name = LOOKS[port.kind].name
                yield Problem(
                    fault=Fault.MISSING_INPUT,
                    node=found.node.id,
                    port=port.name,
                    en=f"The input `{port.name}` of {found.name} is joined to nothing.",
                    zh=f"“{found.name_zh}”的输入“{port.name}”没有连线。",
                    remedy_en=f"Join it to an output of the kind `{port.kind}`.",
                    remedy_zh=f"请把它接到类型为{name.zh}的输出上。",
                )


def _cycles(known: _Known) -> Iterator[Problem]:
    for knot in known.knots:
        names = [known.called(each) for each in knot.ring]
        yield Problem(
            fault=Fault.CYCLE,
            node=knot.ring[0],
            en=f"The graph goes in a circle: {' → '.join(words.en for words in names)}.",
            zh=f"图中存在环：{' → '.join(words.zh for words in names)}。",
            remedy_en="Take one of the edges between them away.",
            remedy_zh="请删除它们之间的一条连线。",
        )


def _unreachable(known: _Known) -> Iterator[Problem]:
    """Nodes that have all they ask for, and depend on one that cannot give anything: it lacks an input, is in a circle,
    is of an unknown type, or depends on such a one itself."""
    own = {problem.node for problem in _missing(known)} | {each for knot in known.knots for each in knot.nodes}
    own |= {node.id for node in known.graph.nodes if node.id not in known.placed}
    behind = reached(own, turned(predecessors(known.graph)))
    for each, found in known.placed.items():
        if each in own or each not in behind:
            continue
        yield Problem(
            fault=Fault.UNREACHABLE,
            node=each,
            en=f"Nothing reaches {found.name}: what it depends on gets no data.",
            zh=f"“{found.name_zh}”得不到数据：它所依赖的节点没有输入。",
            remedy_en="Mend what comes before it, or take it away.",
            remedy_zh="请先修正它之前的节点，或删除它。",
        )


def _data(known: _Known, looks: DataLook) -> Iterator[Problem]:
    for found in known.placed.values():
        params, _ = read_params(found.type.params, found.node.params)
        if params is not None and found.node.version == found.type.version:
            yield from looks(found.node, found.type, params)


RULES: tuple[Callable[[_Known], Iterator[Problem]], ...] = (
    _empty,
    _types,
    _parameters,
    _ports,
    _kinds,
    _taken,
    _missing,
    _cycles,
    _unreachable,
)
