"""How a node type's parameters are declared: a pydantic model whose fields say what they are in both languages.

The form that people fill in is drawn from `schema_of`; what they filled in is read by `read_params`.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from fenlei.pipelines.allowed import allowed
from fenlei.pipelines.errors import BadNodeType
from fenlei.pipelines.words import Words

TITLE_ZH, HELP_ZH = "title_zh", "description_zh"
"""Keys of the JSON Schema beside `title` and `description`."""
_MOST_SHOWN = 60
"""Characters of a value that a refusal repeats."""


class Params(BaseModel):
    """Base of all parameter models. What is not declared is refused, and values are not bent into another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)


class NoParams(Params):
    """Of a node type that has none."""


def param(default: Any, *, title: Words, help: Words, **bounds: Any) -> Any:  # noqa: A002 - the word of forms
    """A parameter.

    Args:
        default: of it; `...` where there is none.
        title: what stands before its field.
        help: what it does, and what that is good for.
        bounds: as for `pydantic.Field`: `ge`, `gt`, `le`, `lt`, `min_length`, `max_length`, `pattern`.
    """
    return Field(
        default,
        title=title.en,
        description=help.en,
        json_schema_extra={TITLE_ZH: title.zh, HELP_ZH: help.zh},
        **bounds,
    )


def schema_of(params: type[Params]) -> dict[str, Any]:
    """The JSON Schema of a parameter model."""
    return params.model_json_schema()


def check_declared(name: str, params: type[Params]) -> None:
    """Refuse a parameter model whose fields do not say what they are in both languages, or whose defaults cannot be.

    Raises:
        BadNodeType: one does not, or cannot.
    """
    for field_name, field in params.model_fields.items():
        if not (field.title and field.description and _chinese(field)):
            raise BadNodeType(
                f"The parameter `{field_name}` of the node type {name!r} lacks a title or a help in English or in "
                "Chinese; declare it by `param`."
            )
    bad = [each for each in read_params(params, {})[1] if not params.model_fields[each.name].is_required()]
    if bad:
        raise BadNodeType(
            f"The default of the parameter `{bad[0].name}` of the node type {name!r} cannot be so: {bad[0].why.en}. "
            f"Allowed: {bad[0].allowed.en}."
        )


class BadParam(Exception):
    """A parameter cannot be what it is said to be.

    Attributes:
        name: of the parameter; "" where that is not known.
        why: what is wrong.
        allowed: what may be said in its place.
    """

    def __init__(self, name: str, why: Words, allowed: Words) -> None:
        super().__init__(f"{name}: {why.en}")
        self.name, self.why, self.allowed = name, why, allowed


def read_params(params: type[Params], said: dict[str, Any]) -> tuple[Params | None, list[BadParam]]:
    """What a node's parameters say, and what is wrong with them; one of the two.

    Args:
        params: of its type.
        said: as JSON says them: an enumeration by its value, a tuple as a list.
    """
    try:
        return params.model_validate_json(to_json(said)), []
    except ValidationError as exc:
        found = [_bad(params, each) for each in exc.errors(include_url=False)]
        return None, list({each.name: each for each in reversed(found)}.values())[::-1]


def _bad(params: type[Params], error: Any) -> BadParam:
    name = str(error["loc"][0]) if error["loc"] else ""
    known = ", ".join(f"`{each}`" for each in params.model_fields)
    if error["type"] == "extra_forbidden":
        there = Words(f"the parameters are {known or 'none'}", f"参数有：{known or '无'}")
        return BadParam(name, Words("there is no such parameter", "没有这个参数"), there)
    if error["type"] == "missing":
        return BadParam(name, Words("it is not said", "没有填写"), allowed_of(params, name))
    if error["type"] in ("value_error", "assertion_error"):
        # Whoever wrote the model says it, in words of their own.
        own = str(error["msg"]).partition(", ")[2]
        return BadParam(name, Words(own, own), allowed_of(params, name))
    said = to_json(error["input"]).decode()
    said = said if len(said) <= _MOST_SHOWN else f"{said[:_MOST_SHOWN]}…"
    within = "".join(f"[{each}]" for each in error["loc"][1:] if isinstance(each, int))
    whole = Words(f"it says {said}", f"填写的是 {said}")
    entry = Words(f"its entry {within} says {said}", f"其中 {within} 填写的是 {said}")
    return BadParam(name, entry if within else whole, allowed_of(params, name))


def allowed_of(params: type[Params], name: str) -> Words:
    """What a parameter may be, by its schema, for people."""
    schema = schema_of(params)
    return allowed(schema.get("properties", {}).get(name, {}), schema.get("$defs", {}))


def _chinese(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get(TITLE_ZH)) and bool(extra.get(HELP_ZH))
