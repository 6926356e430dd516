"""Which node types there are: those of this package, and those that others bring by an entry point.

A package brings node types by naming a module, or a function, under the entry point group `fenlei.nodes`. One that
cannot be loaded, or that takes a name that is taken, brings none, and is told; the others are there all the same.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from fenlei.pipelines import nodes as here
from fenlei.pipelines.errors import BadNodeType
from fenlei.pipelines.node import MARK, NodeType

GROUP = "fenlei.nodes"


class NodeTypes(Mapping[str, NodeType]):
    """Node types by name. Looking one up changes nothing.

    Attributes:
        broken: a sentence about each package whose node types are not here although it is installed.
    """

    def __init__(self, types: Iterable[NodeType], broken: Sequence[str] = ()) -> None:
        """Put them together.

        Args:
            types: each with a name of its own.
            broken: see `NodeTypes.broken`.

        Raises:
            BadNodeType: two have the same name, or one replaces what is there, or what another replaces.
        """
        self.broken = tuple(broken)
        self._types: dict[str, NodeType] = {}
        self._former: dict[str, NodeType] = {}
        for each in types:
            if each.name in self._types:
                places = " and ".join(which.function.__module__ for which in (self._types[each.name], each))
                raise BadNodeType(f"There are two node types {each.name!r}, of {places}; a name is one node type's.")
            self._types[each.name] = each
        for each in self._types.values():
            for name in each.replaces:
                if name in self._types:
                    raise BadNodeType(f"The node type {each.name!r} replaces {name!r}, which is still there.")
                if name in self._former:
                    other = self._former[name].name
                    raise BadNodeType(f"The node types {other!r} and {each.name!r} both replace {name!r}.")
                self._former[name] = each

    def __getitem__(self, name: str) -> NodeType:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def find(self, name: str) -> NodeType | None:
        """A node type by its name, or by one that it had before; None where there is none."""
        return self._types.get(name) or self._former.get(name)


@cache
def node_types() -> NodeTypes:
    """Every node type that is installed, in the order of names; looked for once."""
    found = list(_of_package())
    broken: list[str] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda each: (_whose(each), each.name)):
        try:
            theirs = _brought(entry)
            NodeTypes([*found, *theirs])
        except BadNodeType as exc:
            broken.append(str(exc))
        else:
            found += theirs
    return NodeTypes(sorted(found, key=lambda each: each.name), broken)


def _of_package() -> Iterator[NodeType]:
    for module in pkgutil.iter_modules(here.__path__, f"{here.__name__}."):
        yield from _in_module(importlib.import_module(module.name))


def _brought(entry: EntryPoint) -> list[NodeType]:
    """What an entry point names.

    Raises:
        BadNodeType: it cannot be loaded, or is no node type.
    """
    try:
        loaded = entry.load()
        found = list(_in_module(loaded)) if isinstance(loaded, ModuleType) else _of(loaded)
    except (Exception, SystemExit) as exc:  # whatever another package does; it is said whose it is
        said = str(exc).rstrip(".") or type(exc).__name__
        raise BadNodeType(f"The node types of {_whose(entry)} cannot be loaded: {said}.") from exc
    if not found:
        raise BadNodeType(f"{_whose(entry)} is named under {GROUP!r} and brings no node type; declare one with `node`.")
    return found


def _whose(entry: EntryPoint) -> str:
    return repr(entry.value) if entry.dist is None else f"{entry.value!r} of the package {entry.dist.name!r}"


def _in_module(module: ModuleType) -> Iterator[NodeType]:
    # A function may have several names in its module, and is one node type all the same.
    for function in dict.fromkeys(each for _, each in inspect.getmembers(module, inspect.isfunction)):
        if function.__module__ == module.__name__:
            yield from _of(function)


def _of(function: Callable[..., Any]) -> list[NodeType]:
    made = getattr(function, MARK, None)
    return [made] if isinstance(made, NodeType) else []
