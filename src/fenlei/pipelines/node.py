"""A node type: a function with a label. Its ports are read from the signature, its form from its parameter model.

    class SampleParams(Params):
        share: float = param(0.1, title=Words("Share", "比例"), help=Words("…", "…"), gt=0, le=1)

    @node("data.sample", version=1, family=Family.DATA, icon="percentage", title=Words(…), help=Words(…))
    def sample(images: Images, *, params: SampleParams, ctx: NodeContext) -> Images:
        ...

Positional arguments are inputs, each a `Reference`; `| None` makes one optional. `params` and `ctx` are taken by
keyword. What is returned is the output, named for its kind; a `NamedTuple` of references is several outputs, named for
its fields.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

from fenlei.pipelines.errors import BadNodeType
from fenlei.pipelines.kinds import Kind
from fenlei.pipelines.parameters import Params, check_declared, read_params
from fenlei.pipelines.reference import Reference
from fenlei.pipelines.words import Words

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")

MARK = "__fenlei_node__"
"""Attribute of a function that is a node type."""


class Family(StrEnum):
    """Where a node type stands in the palette."""

    DATA = "data"
    PREPARE = "prepare"
    FEATURES = "features"
    TRAIN = "train"
    JUDGE = "judge"
    FINISH = "finish"


FAMILIES: dict[Family, Words] = {
    Family.DATA: Words("Data", "数据"),
    Family.PREPARE: Words("Prepare", "预处理"),
    Family.FEATURES: Words("Features", "特征"),
    Family.TRAIN: Words("Train", "训练"),
    Family.JUDGE: Words("Judge", "评估"),
    Family.FINISH: Words("Finish", "收尾"),
}


@dataclass(frozen=True)
class Port:
    """Of a node type.

    Attributes:
        name: unique among its inputs, or among its outputs.
        kind: of what travels through it.
        required: whether it must be joined; of an output, True.
    """

    name: str
    kind: Kind
    required: bool = True


@dataclass(frozen=True)
class NodeType:
    """What a node is and does.

    Attributes:
        name: such as `data.split`; nothing else is called so.
        version: raised when the same parameters come to mean something else.
        family: where it stands in the palette.
        icon: its name.
        title: for people.
        help: what it does, in a sentence or two.
        params: its parameters.
        inputs: in the order of the function's arguments.
        outputs: in the order in which they are returned.
        function: does it.
        several: whether `function` returns a NamedTuple of outputs.
        replaces: names that it had before.
        upgrade: brings parameters that were written for an older version, or under an older name, to this one:
            `(name, version, params) -> params`.
        outside: what it depends on besides parameters and inputs, such as a data set that may change: `(params, ctx) ->
            text`, equal as long as that is as it was; None where there is nothing of the kind.
        remembered: whether an equal result may be taken from an earlier run; not for what acts outside.
        whole_machine: whether it keeps all cores busy by itself, as networks do; of such nodes one works at a time.
        example: parameters as somebody may set them; the reference shows a graph with them, and that graph runs. None:
            it shows none, as for types of other packages.
    """

    name: str
    version: int
    family: Family
    icon: str
    title: Words
    help: Words
    params: type[Params]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    function: Callable[..., Any]
    several: bool
    replaces: tuple[str, ...] = ()
    upgrade: Callable[[str, int, dict[str, Any]], dict[str, Any]] | None = None
    outside: Callable[[Any, Any], str] | None = None
    remembered: bool = True
    whole_machine: bool = False
    example: dict[str, Any] | None = None

    def input(self, name: str) -> Port | None:
        """An input by its name."""
        return next((port for port in self.inputs if port.name == name), None)

    def output(self, name: str) -> Port | None:
        """An output by its name."""
        return next((port for port in self.outputs if port.name == name), None)


def node(
    name: str,
    *,
    version: int,
    family: Family,
    icon: str,
    title: Words,
    help: Words,  # noqa: A002 - the word of forms
    replaces: Sequence[str] = (),
    upgrade: Callable[[str, int, dict[str, Any]], dict[str, Any]] | None = None,
    outside: Callable[[Any, Any], str] | None = None,
    remembered: bool = True,
    whole_machine: bool = False,
    example: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function a node type; see `NodeType`. It stays callable as it is.

    Raises:
        BadNodeType: name, version, signature or parameters cannot be those of a node type; when it is declared.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        if not _NAME.fullmatch(name):
            raise BadNodeType(f"The node type {name!r} cannot be called that; `family.name` in small letters can.")
        if not inspect.isfunction(function):
            raise BadNodeType(f"The node type {name!r} is to be a function.")
        if version < 1:
            raise BadNodeType(f"The node type {name!r} has the version {version}; versions begin with 1.")
        if not (all(title) and all(help)):
            raise BadNodeType(f"The node type {name!r} lacks a title or a help in English or in Chinese.")
        if isinstance(replaces, str):
            raise BadNodeType(f"The node type {name!r} is to say what it replaces as a tuple: `({replaces!r},)`.")
        hints = _hints(name, function)
        params, inputs = _taken(name, function, hints)
        outputs, several = _returned(name, hints.get("return"))
        check_declared(name, params)
        bad = [] if example is None else read_params(params, dict(example))[1]
        if bad:
            raise BadNodeType(
                f"The example of the node type {name!r} cannot be: of `{bad[0].name}`, {bad[0].why.en}. Allowed: "
                f"{bad[0].allowed.en}."
            )
        made = NodeType(
            name, version, family, icon, title, help, params, inputs, outputs, function, several,
            tuple(replaces), upgrade, outside, remembered, whole_machine, None if example is None else dict(example),
        )  # fmt: skip
        setattr(function, MARK, made)
        return function

    return declare


def _hints(name: str, of: Any) -> dict[str, Any]:
    try:
        return get_type_hints(of)
    except (NameError, TypeError, AttributeError) as exc:
        raise BadNodeType(f"An annotation of the node type {name!r} cannot be resolved: {exc}.") from exc


def _taken(name: str, function: Callable[..., Any], hints: dict[str, Any]) -> tuple[type[Params], tuple[Port, ...]]:
    arguments = dict(inspect.signature(function).parameters)
    for each in ("params", "ctx"):
        argument = arguments.pop(each, None)
        if argument is None or argument.kind is not argument.KEYWORD_ONLY:
            raise BadNodeType(
                f"The node type {name!r} is to take `{each}` by keyword: `*, params: …, ctx: NodeContext`."
            )
    params = hints.get("params")
    if not (isinstance(params, type) and issubclass(params, Params)):
        raise BadNodeType(f"The `params` of the node type {name!r} are to be annotated with a `Params` model.")
    ports = []
    for argument in arguments.values():
        if argument.kind not in (argument.POSITIONAL_ONLY, argument.POSITIONAL_OR_KEYWORD):
            raise BadNodeType(
                f"The node type {name!r} takes `{argument.name}` by keyword, or any number of it; only `params` and "
                "`ctx` are taken by keyword, and each input is one argument by position."
            )
        kind, optional = _kind_of(hints.get(argument.name))
        if kind is None:
            raise BadNodeType(f"The input `{argument.name}` of the node type {name!r} is not annotated as a reference.")
        ports.append(Port(argument.name, kind, not optional))
    return params, tuple(ports)


def _returned(name: str, hint: Any) -> tuple[tuple[Port, ...], bool]:
    kind, optional = _kind_of(hint)
    if kind is not None and not optional:
        return (Port(kind.value, kind),), False
    fields = _hints(name, hint) if isinstance(hint, type) and issubclass(hint, tuple) else {}
    found = {each: _kind_of(of) for each, of in fields.items()}
    ports = [Port(each, kind) for each, (kind, optional) in found.items() if kind is not None and not optional]
    if not ports or len(ports) != len(fields):
        raise BadNodeType(f"The node type {name!r} is to return a reference, or a NamedTuple of references.")
    return tuple(ports), True


def _kind_of(hint: Any) -> tuple[Kind | None, bool]:
    """The kind of a reference that an annotation names, and whether None may stand in its place."""
    if get_origin(hint) in (Union, types.UnionType):
        inside = [each for each in get_args(hint) if each is not type(None)]
        return (_kind_of(inside[0])[0], True) if len(inside) == 1 else (None, False)
    if isinstance(hint, type) and issubclass(hint, Reference) and hint is not Reference:
        return hint.kind, False
    return None, False
