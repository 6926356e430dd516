"""Examples in the OpenAPI document, put together from what the fields say of themselves: none can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MOMENT = "2026-05-04T09:30:00Z"


def add_examples(document: dict[str, Any]) -> dict[str, Any]:
    """Give every JSON body of a request, and of an answer, an example."""
    known = document.get("components", {}).get("schemas", {})
    for content in _contents(document):
        told = content.get("application/json")
        if told and told.get("schema") and "example" not in told:
            told["example"] = example_of(told["schema"], known)
    return document


def example_of(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    """A value that a schema allows: what it gives as an example, else the simplest.

    Args:
        schema: as OpenAPI 3.1 has it.
        known: schemas by name, for references.
    """
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if "$ref" in schema:
        return example_of(known[schema["$ref"].rpartition("/")[2]], known)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return example_of(next(each for each in schema[word] if each.get("type") != "null"), known)
    return _of_type(schema, known)


def _of_type(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return {name: example_of(each, known) for name, each in schema.get("properties", {}).items()}
    if kind == "array":
        return [example_of(schema["items"], known)]
    if kind in {"integer", "number"}:
        return schema.get("minimum", 1)
    if kind == "boolean":
        return True
    return MOMENT if schema.get("format") == "date-time" else "text"


def _contents(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for answer in document.get("components", {}).get("responses", {}).values():
        yield answer.get("content", {})
    for item in document["paths"].values():
        for operation in item.values():
            yield operation.get("requestBody", {}).get("content", {})
            for answer in operation["responses"].values():
                yield answer.get("content", {})
