"""A graph as a Python script on the public API: run alone, it makes the same model files.

Nodes become calls of `fenlei.Bench`, in an order in which each has what it takes. The same graph is the same script.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fenlei.contract.printable import printable
from fenlei.pipelines.check import check_graph
from fenlei.pipelines.errors import NotRunnable
from fenlei.pipelines.graph import End, Graph, Node
from fenlei.pipelines.kinds import Kind
from fenlei.pipelines.node import Family, NodeType
from fenlei.pipelines.parameters import read_params
from fenlei.pipelines.registry import NodeTypes
from fenlei.pipelines.shape import predecessors
from fenlei.pipelines.source_text import INDENT, WIDTH, Call, Code, is_name, name_of, statement, text

_HEAD = '''"""A graph of Fenlei as a script."""

import fenlei

'''
_HEAD_OF_MODELS = '''"""A graph of Fenlei as a script: run alone, it makes the same model files.

    python SCRIPT [FOLDER]

They are saved in FOLDER, or in the current one, and their SHA-256 is printed.
"""

import sys
from pathlib import Path

import fenlei

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")

'''
_OWN = frozenset({"bench", "fenlei", "sys"})
"""Names that the script has itself."""


def as_script(graph: Graph, types: NodeTypes) -> str:
    """Write a graph as a script.

    Args:
        graph: as `upgrade.upgraded` gives it.
        types: that are here.

    Raises:
        NotRunnable: it has faults, such as a node of a type that is not here.
    """
    faults = [each for each in check_graph(graph, types) if each.stops]
    if faults:
        raise NotRunnable(faults)
    return _Script(graph, types).written()


class _Script:
    def __init__(self, graph: Graph, types: NodeTypes) -> None:
        self._graph = graph
        self._nodes = _in_order(graph)
        self._types = {node.id: types[node.type] for node in graph.nodes}
        self._from = {edge.target: edge.source for edge in graph.edges}
        self._names = _names(self._nodes)

    def written(self) -> str:
        told, models = set(self._judgements()), set(self._final_models())
        used = {end.node for end in (*self._from.values(), *told, *models)}
        lines = [*_comments([self._graph.name, self._graph.note], ""), "with fenlei.Bench() as bench:"]
        for node in self._nodes:
            lines += self._node(node, named=node.id in used, first=node is self._nodes[0])
            for port in self._types[node.id].outputs:
                end = End(node.id, port.name)
                lines += self._tell(end) if end in told else self._save(end) if end in models else []
        return (_HEAD_OF_MODELS if models else _HEAD) + "\n".join(lines) + "\n"

    def _tell(self, end: End) -> list[str]:
        said = self._said(end)
        return statement(Call("print", [(None, said), (None, Code(f"{said}.headline"))]), INDENT)

    def _save(self, end: End) -> list[str]:
        file = self._file(end)
        saved = Call("bench.save", [(None, Code(self._said(end))), (None, Code(f"FOLDER / {text(file)}"))])
        return statement(Call("print", [(None, file), (None, saved)]), INDENT)

    def _judgements(self) -> Iterator[End]:
        for node in self._nodes:
            found = self._types[node.id]
            for port in found.outputs if found.family is Family.JUDGE else ():
                if port.kind is Kind.REPORT:
                    yield End(node.id, port.name)

    def _final_models(self) -> Iterator[End]:
        """Models of which no node makes another one, in the order of the script."""
        made = [end for node in self._nodes for end in self._models_of(node)]
        makers = {end.node for end in made}
        gone = {source for target, source in self._from.items() if target.node in makers}
        return (end for end in made if end not in gone)

    def _models_of(self, node: Node) -> list[End]:
        return [End(node.id, port.name) for port in self._types[node.id].outputs if port.kind is Kind.MODEL]

    def _file(self, end: End) -> str:
        """What a model is saved as: after its node, and after the output too where the node makes several models."""
        several = len(self._models_of(self._graph.node(end.node))) > 1
        return f"{self._names[end.node]}{f'_{end.port}' if several else ''}.fenlei"

    def _said(self, end: End) -> str:
        """An output as the script says it."""
        name = self._names[end.node]
        return f"{name}.{end.port}" if self._types[end.node].several else name

    def _node(self, node: Node, *, named: bool, first: bool) -> list[str]:
        name = self._names[node.id]
        title = "" if name_of(node.title) == name else node.title
        comments = _comments([title, node.note], INDENT)
        before = f"{name} = " if named else ""
        call = Call(_function(node.type), list(self._arguments(node)))
        # What is told of a node stands apart from the nodes before it.
        return [*([""] if comments and not first else []), *comments, *statement(call, INDENT, before)]

    def _arguments(self, node: Node) -> Iterator[tuple[str | None, Any]]:
        found = self._types[node.id]
        alike = any(port.name in found.params.model_fields for port in found.inputs)
        skipped = False
        for port in found.inputs:
            source = self._from.get(End(node.id, port.name))
            if source is not None:
                yield (port.name if skipped else None), Code(self._said(source))
            elif alike:  # an input and a parameter cannot both be given by one name
                yield None, None
            else:
                skipped = True
        yield from _parameters(node, found)


def _parameters(node: Node, found: NodeType) -> Iterator[tuple[str, Any]]:
    """Those that are not as by default."""
    read, _ = read_params(found.params, node.params)
    fields = found.params.model_fields
    for name in dict.fromkeys([*filter(node.params.__contains__, fields), *sorted(node.params)]):
        field = fields.get(name)
        if field is None or field.is_required() or getattr(read, name) != field.get_default(call_default_factory=True):
            yield name, node.params[name]


def _function(node_type: str) -> str:
    words = node_type.split(".")
    plain = all(map(is_name, words)) and words[0] not in ("node", "read", "save")
    return f"bench.{node_type}" if plain else f"bench.node({text(node_type)})"


def _in_order(graph: Graph) -> list[Node]:
    """Each after those that it depends on; of those that may come next, the first of the graph."""
    before = predecessors(graph)
    left = list(graph.nodes)
    placed: set[str] = set()
    found: list[Node] = []
    while left:
        following = next(node for node in left if before[node.id] <= placed)
        left.remove(following)
        placed.add(following.id)
        found.append(following)
    return found


def _names(nodes: Sequence[Node]) -> dict[str, str]:
    """What variables are called, by node: after the title, where it is of the Latin alphabet, else after the id."""
    names: dict[str, str] = {}
    taken = set(_OWN)
    for node in nodes:
        name = wanted = name_of(node.title) or name_of(node.id) or "node"
        number = 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        taken.add(name)
        names[node.id] = name
    return names


def _comments(texts: Iterable[str], indent: str) -> list[str]:
    """Texts as comments, with an empty one between them."""
    lines: list[str] = []
    for each in filter(None, map(str.strip, texts)):
        lines += ["#"] if lines else []
        for line in each.splitlines():
            for part in textwrap.wrap(printable(line), WIDTH - len(indent) - 2, break_long_words=False) or [""]:
                lines.append(f"# {part}".rstrip())
    return [indent + line for line in lines]
