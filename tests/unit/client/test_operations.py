"""Whatever the management API can do, `fenlei.Platform` can: no operation is without a call of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from fenlei.api import all_routes
from fenlei.client import management

SENDS = {"get": "GET", "pages": "GET", "download": "GET", "lines": "GET", "post": "POST", "put": "PUT"}
SENDS |= {"patch": "PATCH", "delete": "DELETE"}
"""The calls of a link that say their method by their name; `send` and `send_body` say it first."""

SAID_OTHERWISE = {"HEAD /uploads/{}"}
"""What another operation says as well: where the next piece begins is in what GET answers."""


def calls(source: str) -> Iterator[str]:
    """The calls of the management API in a module, as `METHOD /path/{}`."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        known = {
            target.id: _written(node.value)
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(function):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            said = [known.get(each.id, "") if isinstance(each, ast.Name) else _written(each) for each in node.args]
            if node.func.attr in SENDS:
                yield f"{SENDS[node.func.attr]} {said[0]}"
            elif node.func.attr in {"send", "send_body"} and len(said) > 1:
                yield f"{said[0]} {said[1]}"


def _written(node: ast.expr) -> str:
    """A text as it stands in the source, with `{}` for what is put in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
    return ""


def test_every_operation_is_called_and_none_that_is_not_there() -> None:
    there = {
        f"{method} {re.sub('{.*?}', '{}', path.removeprefix('/api/v1'))}"
        for path, route in all_routes()
        for method in route.methods or ()
    }
    folder = Path(management.__file__).parent
    called = {each for path in folder.glob("*.py") for each in calls(path.read_text("utf-8")) if " /" in each}
    assert len(called) > 100
    assert called <= there, "the client asks for what is not there"
    assert there - called == SAID_OTHERWISE
