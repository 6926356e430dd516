"""Node types as calls: `bench.train.linear` is found by its name, and what it is given is told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic_core import PydanticSerializationError, to_jsonable_python

from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.reference import Reference
from fenlei.pipelines.registry import NodeTypes

Work = Callable[[NodeType, tuple[Any, ...], dict[str, Any]], Any]
"""Carries a node out: its type, what was given by position, and by name."""


class NoSuchNode(PipelineError, AttributeError):
    """There is no node type that is called so."""


class Calls:
    """The node types whose names begin alike; one that is called so itself can be called.

    Its inputs are given by position or by name, its parameters by name. It returns a reference, or a NamedTuple of
    them where a node has several outputs.
    """

    def __init__(self, types: NodeTypes, name: str, work: Work) -> None:
        self._types, self._name, self._work = types, name, work
        found = types.get(name)
        if found is not None:
            self.__doc__ = _described(found)

    def __getattr__(self, name: str) -> Calls:
        return named(self._types, f"{self._name}.{name}", self._work)

    def __dir__(self) -> list[str]:
        return sorted(followers(self._types, self._name))

    def __repr__(self) -> str:
        found = self._types.get(self._name)
        if found is not None:
            return f"<node type {self._name}: {found.title.en}>"
        return f"<node types {self._name}: {', '.join(dir(self))}>"

    def __call__(self, /, *inputs: Reference | None, **said: Any) -> Any:
        """Carry it out, unless its result is there."""
        return self._work(type_named(self._types, self._name), inputs, said)


def named(types: NodeTypes, name: str, work: Work) -> Calls:
    """The node types whose names are this, or begin with it.

    Raises:
        NoSuchNode: there is none.
    """
    if name not in types and not followers(types, name):
        raise NoSuchNode(_absent(types, name))
    return Calls(types, name, work)


def followers(types: NodeTypes, name: str) -> set[str]:
    """The next words of names that begin with this one; the first words where it is ""."""
    begin = f"{name}." if name else ""
    return {each.removeprefix(begin).partition(".")[0] for each in types if each.startswith(begin)}


def type_named(types: NodeTypes, name: str) -> NodeType:
    """The node type of exactly this name.

    Raises:
        NoSuchNode: there is none; the sentence says which there are.
    """
    if name not in types:
        raise NoSuchNode(_absent(types, name))
    return types[name]


def _absent(types: NodeTypes, name: str) -> str:
    now = types.find(name)
    if now is not None:
        return f"There is no node type {name!r} any more; it is called {now.name!r} now."
    family = name.rpartition(".")[0] if "." in name else name
    near = [each for each in types if each.startswith(f"{family}.")] or sorted(followers(types, ""))
    hint = f" Some could not be loaded: {' '.join(types.broken)}" if types.broken else ""
    return f"There is no node type {name!r} here; there are {', '.join(near)}.{hint}"


class Given(NamedTuple):
    """What a node was given."""

    inputs: dict[str, Reference]
    params: dict[str, Any]


def bound(found: NodeType, inputs: Sequence[Any], said: Mapping[str, Any]) -> Given:
    """Tell inputs and parameters apart; whether they fit is asked later.

    Raises:
        PipelineError: an input is no reference, is given twice, or there is none of this number; or a parameter is
            nothing that JSON can say.
    """
    ports = [port.name for port in found.inputs]
    if len(inputs) > len(ports):
        there = ", ".join(f"`{each}`" for each in ports) or "none"
        raise PipelineError(
            f"{found.title.en} was given {len(inputs)} inputs; its inputs are: {there}. Parameters are given by name."
        )
    taken: dict[str, Any] = dict(zip(ports, inputs, strict=False))
    params: dict[str, Any] = {}
    for name, value in said.items():
        # Where an input and a parameter are called alike, the value tells.
        if name not in ports or (name in found.params.model_fields and not isinstance(value, Reference)):
            params[name] = value
        elif name in taken:
            raise PipelineError(f"The input `{name}` of {found.title.en} was given twice.")
        else:
            taken[name] = value
    for name, value in taken.items():
        if not isinstance(value, Reference | None):
            raise PipelineError(_no_reference(found, name, value))
    try:
        params = to_jsonable_python(params)
    except PydanticSerializationError as exc:
        raise PipelineError(f"A parameter of {found.title.en} is nothing that JSON can say: {exc}.") from exc
    return Given({name: value for name, value in taken.items() if value is not None}, params)


def _no_reference(found: NodeType, name: str, value: Any) -> str:
    fields = getattr(value, "_fields", ())
    if fields:
        there = ", ".join(f"`.{each}`" for each in fields)
        return f"The input `{name}` of {found.title.en} was given several outputs of a node; name one of them: {there}."
    return (
        f"The input `{name}` of {found.title.en} was given a value of the type `{type(value).__name__}`; it takes what "
        "a node gave."
    )


def _described(found: NodeType) -> str:
    """What `help` shows."""
    lines = [found.title.en + ".", "", found.help.en, ""]
    lines += [f"    {each.name}: {each.kind}{'' if each.required else ', may be left out'}" for each in found.inputs]
    for name, field in found.params.model_fields.items():
        default = "" if field.is_required() else f"  [default: {field.get_default(call_default_factory=True)!r}]"
        lines.append(f"    {name}: {field.description}{default}")
    gives = ", ".join(port.name if found.several else port.kind.value for port in found.outputs)
    return "\n".join([*lines, "", f"Gives {gives}."])
