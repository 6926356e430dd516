"""The Python reference, from the public names of the package, their signatures and docstrings."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

WIDTH = 100

_MANAGEMENT = "fenlei.client.management"
MODULES = (
    "fenlei",
    "fenlei.model",
    "fenlei.model.compare",
    "fenlei.model.rebuild",
    "fenlei.model.bench",
    "fenlei.pipelines.reference",
    "fenlei.client",
    _MANAGEMENT,
    *(
        f"{_MANAGEMENT}.{name}"
        for name in ("records", "model_records", "people_records", "hanging", "comparison", "suspects", "training")
    ),
)
"""In the order of the page. A name that several of them have is described where it is at home."""

HEAD = """# Python

*Written by `python -m docs.generate` from the sources; do not edit.*

Everything here is typed, and `import fenlei` loads nothing until it is used. Every error that is meant for a person
is a `fenlei.FenleiError`, whose text is a complete sentence.
"""

_SECTION = re.compile(r"(Args|Attributes|Returns|Yields|Raises|Example|Examples):\s*")
_ENTRY = re.compile(r"(?P<name>[\w*`., ]+?): (?P<text>.+)", re.S)
_TITLES = {"Args": "Arguments", "Returns": "Gives", "Yields": "Yields", "Raises": "Raises", "Attributes": "Attributes"}


def python_page() -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        parts.append(f"## {module_name}\n")
        parts.extend(_introduction(module))
        for name in public_names(module):
            value = getattr(module, name)
            home = _home(value, module_name)
            if home != module_name:
                parts.append(f"- `{module_name}.{name}`: see [{home}](#{home.replace('.', '')})")
            else:
                parts.extend(_described(name, value, module))
        parts.append("")
    page = re.sub(r"\n\n\n+", "\n\n", "\n".join(parts))
    return re.sub(r"^(- .*)\n(?=#)", r"\1\n\n", page, flags=re.M).rstrip() + "\n"


def public_names(module: ModuleType) -> list[str]:
    """`__all__`, or what the module defines itself and does not begin with an underscore; functions first."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return [name for name in listed if not name.startswith("__")]
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]
    return sorted(own, key=lambda name: (inspect.isclass(getattr(module, name)), name))


def _home(value: Any, asked: str) -> str:
    """The module of the page that describes `value`: the closest of MODULES above where it was written."""
    written = getattr(value, "__module__", None) or asked
    homes = [name for name in MODULES if name != "fenlei" and (written == name or written.startswith(f"{name}."))]
    return max(homes, key=len) if homes else asked


def _introduction(module: ModuleType) -> Iterator[str]:
    yield _rest_as_markdown(inspect.cleandoc(module.__doc__ or "")) + "\n"
    if module.__name__ in {"fenlei.client", _MANAGEMENT}:
        errors = importlib.import_module(f"{module.__name__}.errors")
        tree = inspect.cleandoc(errors.__doc__ or "").split("\n\n")[1]
        yield f"Its errors:\n\n```\n{tree}\n```\n"


def _described(name: str, value: Any, module: ModuleType) -> Iterator[str]:
    if inspect.isclass(value):
        yield from _class(name, value)
    elif callable(value) and hasattr(value, "__code__"):
        yield f"### {name}\n\n```python\n{signature(name, value)}\n```\n\n{_docstring(value)}\n"
    else:
        yield f"### {name}\n\n```python\n{name} = {_assigned(name, module)}\n```\n"


def _class(name: str, kind: type) -> Iterator[str]:
    bases = [base.__name__ for base in kind.__bases__ if base is not object]
    yield f"### {name}\n"
    if bases:
        yield f"A kind of `{'`, `'.join(bases)}`.\n"
    if _is_made_by_callers(kind):
        yield f"```python\n{signature(name, vars(kind)['__init__'])}\n```\n"
    yield _docstring(kind) + "\n"
    if fields := getattr(kind, "__struct_fields__", ()):
        told = [vars(each).get("__annotations__", {}) for each in reversed(kind.__mro__)]
        known = {name: annotation for each in told for name, annotation in each.items()}
        lines = "\n".join(f"{name}: {known[name]}" for name in fields)
        yield f"```python\n{lines}\n```\n"
    for member, value in vars(kind).items():
        if member.startswith("_"):
            continue
        if isinstance(value, property):
            yield f"**`{name}.{member}`**: {_docstring(value)}\n"
        elif inspect.isfunction(value):
            yield f"```python\n{_prefix(value)}{signature(f'{name}.{member}', value)}\n```\n\n{_docstring(value)}\n"


def _is_made_by_callers(kind: type) -> bool:
    """Not so: errors, answers, parts of a platform, and classes whose constructor says what to use instead."""
    init = vars(kind).get("__init__")
    answer = issubclass(kind, BaseException) or hasattr(kind, "__dataclass_fields__")
    part = "Link" in getattr(init, "__annotations__", {}).values()
    return init is not None and not answer and not part and "instead" not in (init.__doc__ or "")


def _prefix(function: Callable[..., Any]) -> str:
    return "await " if inspect.iscoroutinefunction(function) else ""


class _AsWritten:
    """An annotation as it stands in the source; `inspect` would put quotes around it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def signature(name: str, function: Callable[..., Any]) -> str:
    """How something is called, `self` left out, one parameter per line where a line would be too long."""
    found = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=_written(parameter.annotation), default=_default(parameter.default))
        for parameter in found.parameters.values()
        if parameter.name != "self"
    ]
    returns = found.return_annotation
    hidden = returns in (inspect.Signature.empty, "None") or function.__name__ == "__init__"
    text = str(inspect.Signature(parameters))
    arrow = "" if hidden else f" -> {_written(returns)!r}"
    line = f"{name}{text}{arrow}"
    if len(line) <= WIDTH:
        return line
    words = []
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in words:
            words.append("*")
        words.append(str(parameter))
    inside = "".join(f"    {word},\n" for word in words)
    return f"{name}(\n{inside}){arrow}"


def _default(value: Any) -> Any:
    """A default as it can be read: a function by its name, and what has none as something that may be left out."""
    if inspect.isfunction(value):
        return _AsWritten(value.__name__.replace("<lambda>", "..."))
    return _AsWritten("...") if " at 0x" in repr(value) else value


def _written(annotation: Any) -> Any:
    return _AsWritten(annotation) if isinstance(annotation, str) else annotation


def _docstring(value: Any) -> str:
    return _rest_as_markdown(inspect.getdoc(value) or "")


def _rest_as_markdown(text: str) -> str:
    """A Google docstring as Markdown: sections become headings in bold with a list below."""
    lines = text.split("\n")
    out: list[str] = []
    at = 0
    while at < len(lines):
        heading = _SECTION.fullmatch(lines[at])
        if heading is None:
            out.append(lines[at])
            at += 1
            continue
        at += 1
        block: list[str] = []
        while at < len(lines) and (not lines[at] or lines[at].startswith(" ")):
            block.append(lines[at])
            at += 1
        out.extend([f"*{_TITLES.get(heading[1], heading[1])}*", "", *_entries(block), ""])
    return "\n".join(out).strip()


def _entries(block: list[str]) -> Iterator[str]:
    entries: list[str] = []
    for line in block:
        if not line.strip():
            continue
        if line.startswith("     ") and entries:  # a continuation is indented further than its entry
            entries[-1] += " " + line.strip()
        else:
            entries.append(line.strip())
    for entry in entries:
        match = _ENTRY.fullmatch(entry)
        yield f"- `{match['name']}`: {match['text']}" if match else f"- {entry}"


def _assigned(name: str, module: ModuleType) -> str:
    source = inspect.getsource(module)
    match = re.search(rf"^{name}(?:: \w+)? = (?P<value>.+?)(?=\n\S|\n\n|\Z)", source, re.M | re.S)
    return match["value"] if match else repr(getattr(module, name))
