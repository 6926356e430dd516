"""How a node type's parameters are declared: a pydantic model whose fields say what they are in both languages.

The form that people fill in is drawn from `schema_of`; what they filled in is read by `read_params`.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from fenlei.pipelines.errors import BadNodeType
from fenlei.pipelines.words import Words

TITLE_ZH, HELP_ZH = "title_zh", "description_zh"
"""Keys of the JSON Schema beside `title` and `description`."""


class Params(BaseModel):
    """Base of all parameter models. What is not declared is refused, and values are not bent into another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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
    """Refuse a parameter model whose fields do not say what they are in both languages.

    Raises:
        BadNodeType: one does not.
    """
    for field_name, field in params.model_fields.items():
        if not (field.title and field.description and _chinese(field)):
            raise BadNodeType(
                f"The parameter `{field_name}` of the node type {name!r} lacks a title or a help in English or in "
                "Chinese; declare it by `param`."
            )


class BadParam(Exception):
    """A parameter cannot be what it is said to be.

    Attributes:
        name: of the parameter; "" where that is not known.
        why: what is wrong, in English.
        allowed: what may be said in its place.
    """

    def __init__(self, name: str, why: str, allowed: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name, self.why, self.allowed = name, why, allowed


def read_params(params: type[Params], said: dict[str, Any]) -> tuple[Params | None, list[BadParam]]:
    """What a node's parameters say, and what is wrong with them; one of the two."""
    try:
        return params.model_validate(said), []
    except ValidationError as exc:
        return None, [_bad(params, each) for each in exc.errors(include_url=False)]


def _bad(params: type[Params], error: Any) -> BadParam:
    place = [str(each) for each in error["loc"]]
    name = place[0] if place else ""
    if error["type"] == "extra_forbidden":
        known = ", ".join(f"`{each}`" for each in params.model_fields) or "none"
        return BadParam(name, "there is no such parameter", f"the parameters are {known}")
    return BadParam(name, _lowered(str(error["msg"])), allowed_of(params, name))


def allowed_of(params: type[Params], name: str) -> str:
    """What a parameter may be, by its schema, for people."""
    schema = params.model_json_schema()
    said = schema.get("properties", {}).get(name, {})
    return _allowed(said)


def _allowed(said: dict[str, Any]) -> str:
    if "anyOf" in said:
        return " or ".join(dict.fromkeys(_allowed(each) for each in said["anyOf"]))
    if "enum" in said:
        return ", ".join(str(each) for each in said["enum"])
    if "const" in said:
        return str(said["const"])
    names = {"integer": "a whole number", "number": "a number", "string": "a text", "boolean": "true or false"}
    names |= {"array": "a list", "object": "an object", "null": "null"}
    told = names.get(said.get("type", ""), "something else")
    bounds = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    limits = [f"{word} {_plain(said[key])}" for key, word in bounds.items() if key in said]
    lengths = {"minLength": "at least {} characters", "maxLength": "at most {} characters"}
    lengths |= {"minItems": "at least {} entries", "maxItems": "at most {} entries"}
    limits += [words.format(said[key]) for key, words in lengths.items() if key in said]
    return " ".join([told, " and ".join(limits)]).strip()


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _chinese(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get(TITLE_ZH)) and bool(extra.get(HELP_ZH))


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
