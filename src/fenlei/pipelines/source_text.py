"""Python source as people write it and formatters leave it: names, literals, and calls that fit the line."""

from __future__ import annotations

import builtins
import json
import keyword
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

WIDTH = 88
"""Characters of a line, as formatters have it unless they are told otherwise."""
INDENT = "    "
_MOST_NAME_CHARS = 40


class Code(NamedTuple):
    """An expression in source already, which fits a line or cannot be broken."""

    source: str


class Call(NamedTuple):
    """A call of a function: arguments by position, whose name is None, and then by name."""

    function: str
    arguments: Sequence[tuple[str | None, Any]]


def name_of(words: str) -> str:
    """A name of a variable made of words; "" where they are not of the Latin alphabet.

    It is no word of Python's own, and hides no function of it.
    """
    if not words.isascii():
        return ""
    name = re.sub(r"[^0-9a-z]+", "_", words.lower()).strip("_")[:_MOST_NAME_CHARS].strip("_")
    if not name:
        return ""
    name = f"node_{name}" if name[0].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) or hasattr(builtins, name) else name


def is_name(text: str) -> bool:
    """Whether it can stand after a dot, or before the `=` of an argument."""
    return text.isidentifier() and not keyword.iskeyword(text)


def text(said: str) -> str:
    """A text as a literal; what cannot be seen is escaped."""
    inside = "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in said.replace("\\", "\\\\"))
    if inside.count('"') > inside.count("'"):
        return "'" + inside.replace("'", "\\'") + "'"
    return '"' + inside.replace('"', '\\"') + '"'


def statement(value: Any, indent: str, before: str = "", after: str = "") -> list[str]:
    """Lines that say a value, a `Call` or `Code`.

    Args:
        value: such as JSON has it, with calls and code in it.
        indent: of the first line.
        before: what stands before it on its first line, such as `name = `.
        after: what stands behind it on its last line.
    """
    line = f"{indent}{before}{_flat(value)}{after}"
    items = _items(value)
    if len(line) <= WIDTH or not items:
        return [line]
    opening, closing = _brackets(value)
    first, last = f"{indent}{before}{opening}", f"{indent}{closing}{after}"
    inner = indent + INDENT
    together = inner + ", ".join(name + _flat(each) for name, each in items)
    if isinstance(value, Call) and len(together) <= WIDTH:
        return [first, together, last]
    inside = [line for name, each in items for line in statement(each, inner, name, ",")]
    return [first, *inside, last]


def _items(value: Any) -> list[tuple[str, Any]]:
    """What is between the brackets: what stands before each, and each."""
    if isinstance(value, Call):
        return list(_arguments(value.arguments))
    if isinstance(value, dict):
        return [(f"{text(key)}: ", each) for key, each in value.items()]
    return [("", each) for each in value] if isinstance(value, list) else []


def _arguments(said: Sequence[tuple[str | None, Any]]) -> Iterable[tuple[str, Any]]:
    odd = {name: value for name, value in said if name is not None and not is_name(name)}
    for name, value in said:
        if name not in odd:
            yield ("" if name is None else f"{name}="), value
    if odd:
        yield "**", odd


def _brackets(value: Any) -> tuple[str, str]:
    if isinstance(value, Call):
        return f"{value.function}(", ")"
    return ("{", "}") if isinstance(value, dict) else ("[", "]")


def _flat(value: Any) -> str:
    if isinstance(value, Code):
        return value.source
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Call | dict | list):
        opening, closing = _brackets(value)
        return opening + ", ".join(name + _flat(each) for name, each in _items(value)) + closing
    return repr(value)
