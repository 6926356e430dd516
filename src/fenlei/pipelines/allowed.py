"""What a value may be, by its JSON Schema, in words for people."""

from __future__ import annotations

from typing import Any

from fenlei.pipelines.words import Words

_TYPES = {
    "integer": Words("a whole number", "整数"),
    "number": Words("a number", "数字"),
    "string": Words("a text", "文本"),
    "boolean": Words("true or false", "true 或 false"),
    "array": Words("a list", "列表"),
    "object": Words("an object", "对象"),
    "null": Words("null", "null"),
}
_SOMETHING = Words("another value", "其他值")
_LIMITS = {
    "minimum": Words("at least {}", "不小于 {}"),
    "exclusiveMinimum": Words("above {}", "大于 {}"),
    "maximum": Words("at most {}", "不大于 {}"),
    "exclusiveMaximum": Words("below {}", "小于 {}"),
    "multipleOf": Words("a multiple of {}", "{} 的倍数"),
    "minLength": Words("at least {} characters", "至少 {} 个字符"),
    "maxLength": Words("at most {} characters", "最多 {} 个字符"),
    "pattern": Words("of the form `{}`", "格式为 `{}`"),
    "minItems": Words("at least {} of them", "至少 {} 项"),
    "maxItems": Words("at most {} of them", "最多 {} 项"),
}


def allowed(schema: dict[str, Any], definitions: dict[str, Any]) -> Words:
    """What the schema of a value allows.

    Args:
        schema: of the value.
        definitions: what `$ref` points at; `$defs` of the whole schema.
    """
    if "$ref" in schema:
        return allowed(definitions.get(str(schema["$ref"]).rpartition("/")[2], {}), definitions)
    if "anyOf" in schema:
        each = list(dict.fromkeys(allowed(one, definitions) for one in schema["anyOf"]))
        return Words(", or ".join(words.en for words in each), "，或 ".join(words.zh for words in each))
    if "enum" in schema or "const" in schema:
        values = [_shown(one) for one in schema.get("enum", [schema.get("const")])]
        return Words(", ".join(values), "、".join(values))
    told = _TYPES.get(schema.get("type", ""), _SOMETHING)
    if "items" in schema:
        inside = allowed(schema["items"], definitions)
        told = Words(f"{told.en}, each entry {inside.en}", f"{told.zh}，每项为{inside.zh}")
    limits = [(words, _shown(schema[key])) for key, words in _LIMITS.items() if key in schema]
    return Words(
        ", ".join([told.en, " and ".join(words.en.format(value) for words, value in limits)]).removesuffix(", "),
        "，".join([told.zh, "且".join(words.zh.format(value) for words, value in limits)]).removesuffix("，"),
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
