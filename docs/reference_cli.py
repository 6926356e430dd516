"""The command line reference, from the functions behind the commands and what they tell typer."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo, ParameterInfo

from fenlei.cli import app

HEAD = """# Command line

*Written by `python -m docs.generate` from the sources; do not edit.*

Results go to standard output, everything else to standard error. Exit codes: 0 done · 1 it cannot be done, and why ·
2 the words of the command are wrong · 130 stopped by Ctrl-C. Every command knows `--help`;
`fenlei --version` prints the version.
"""


class Parameter(NamedTuple):
    """One argument or option, in words. `default` is empty where the help says it, or there is none."""

    kind: Literal["argument", "option"]
    name: str
    values: str
    default: str
    help: str


class Command(NamedTuple):
    """One command with everything it takes."""

    name: str
    help: str
    parameters: list[Parameter]

    @property
    def usage(self) -> str:
        """How it is called."""
        words = [parameter.name for parameter in self.parameters if parameter.kind == "argument"]
        return " ".join(["fenlei", self.name, "[OPTIONS]", *words])


def commands() -> Iterator[Command]:
    """Every command, those of groups with the group's name in front."""
    yield from _commands_of(app, ())


def cli_page() -> str:
    """The page as Markdown."""
    found = list(commands())
    parts = [HEAD, "\n".join(f"- [`fenlei {c.name}`](#fenlei-{c.name.replace(' ', '-')})" for c in found) + "\n"]
    for command in found:
        parts.append(f"## fenlei {command.name}\n\n```\n{command.usage}\n```\n\n{command.help}\n")
        for kind, title in (("argument", "argument"), ("option", "option")):
            rows = [parameter for parameter in command.parameters if parameter.kind == kind]
            if rows:
                parts.append(_table(title, rows))
    return "\n".join(parts)


def _commands_of(group: typer.Typer, above: tuple[str, ...]) -> Iterator[Command]:
    for entry in group.registered_commands:
        function = entry.callback
        if function is None or entry.hidden:
            continue
        name = " ".join([*above, entry.name or function.__name__])
        help_text = " ".join((inspect.getdoc(function) or "").split())
        yield Command(name, help_text, [*_parameters(function)])
    for inner in group.registered_groups:
        if inner.typer_instance is not None and isinstance(inner.name, str):
            yield from _commands_of(inner.typer_instance, (*above, inner.name))


def _parameters(function: Callable[..., Any]) -> Iterator[Parameter]:
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints[name]
        if get_origin(hint) is not Annotated:
            raise TypeError(
                f"{function.__name__}: {name} tells typer nothing; write Annotated[…, typer.Option(help=…)]"
            )
        bare, info = get_args(hint)
        if not isinstance(info, ParameterInfo) or info.hidden:
            continue
        default = None if parameter.default is inspect.Parameter.empty else parameter.default
        if isinstance(info, ArgumentInfo):
            yield Parameter("argument", info.metavar or name.upper(), _values(bare, info), "", info.help or "")
        elif isinstance(info, OptionInfo):
            # In `Annotated[…, typer.Option("--json")]` the first word stands where a default used to.
            words = (info.default, *(info.param_decls or ()))
            spelt = [word for word in words if isinstance(word, str) and word.startswith("-")]
            if not spelt:
                spelt = ["--" + name.replace("_", "-")]
                spelt += ["--no-" + name.replace("_", "-")] if bare is bool else []
            spelt = [each for word in spelt for each in word.split("/")]  # a switch and what turns it off
            spelt.sort(key=lambda word: not word.startswith("--"))
            yield Parameter("option", ", ".join(spelt), _values(bare, info), _shown(default), info.help or "")


def _values(kind: Any, info: ParameterInfo) -> str:
    """What may be given, in words."""
    if get_origin(kind) in {Union, types.UnionType}:
        kind = next(each for each in get_args(kind) if each is not type(None))
    if get_origin(kind) is list:
        inner = _values(get_args(kind)[0], info)
        return f"{inner}, several" if isinstance(info, ArgumentInfo) else f"{inner}; may be repeated"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " · ".join(f"`{member.value}`" for member in kind)
    if kind is bool:
        return ""
    if kind in {int, float}:
        bounds = [f"{word} {bound:g}" for word, bound in (("from", info.min), ("to", info.max)) if bound is not None]
        return " ".join(["number", *bounds])
    if isinstance(info, OptionInfo) and info.metavar:
        return info.metavar
    return "path" if kind is Path else "text"


def _shown(default: Any) -> str:
    if default is None or default is False:
        return ""
    return f"`{default.value if isinstance(default, Enum) else default}`"


def _table(title: str, rows: list[Parameter]) -> str:
    body = "".join(
        f"| {_name(row)} | {_cell(row.values)} | {_cell(row.default)} | {_cell(row.help)} |\n" for row in rows
    )
    return f"| {title} | takes | default | |\n|---|---|---|---|\n{body}"


def _name(row: Parameter) -> str:
    return ", ".join(f"`{word}`" for word in row.name.split(", "))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
