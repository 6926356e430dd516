"""The OpenAPI document says what every route does, takes and answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema_rs import Draft202012Validator

from fenlei.api import Platform, errors, make_app


def operations(platform: Platform) -> list[tuple[str, dict[str, Any]]]:
    document = make_app(platform).openapi()
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_every_operation_says_what_it_does_and_who_may(platform: Platform) -> None:
    for name, operation in operations(platform):
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name
        assert "x-least-role" in operation or name == "POST /api/v1/sign-in", name


def test_every_error_answer_has_the_one_shape(platform: Platform) -> None:
    shared = make_app(platform).openapi()["components"]["responses"]
    for name, operation in operations(platform):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert answer == {"$ref": f"#/components/responses/Error{status}"}, f"{name} {status}"
                schema = shared[f"Error{status}"]["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}, f"{name} {status}"


def test_every_error_answer_has_an_example_of_its_own(platform: Platform) -> None:
    shared = make_app(platform).openapi()["components"]["responses"]
    told = {name: answer["content"]["application/json"]["example"]["error"] for name, answer in shared.items()}
    assert len({each["message"] for each in told.values()}) == len(told)
    for name, each in told.items():
        status = int(name.removeprefix("Error"))
        types = {slug for _, known, slug in errors.TABLE if known == status} | {errors.SLUGS.get(status), "invalid"}
        assert each["type"] in types | {"internal"}, name
        assert each["message"].endswith("."), name


def test_operation_ids_are_unique(platform: Platform) -> None:
    ids = [operation["operationId"] for _, operation in operations(platform)]
    assert len(ids) == len(set(ids))


def test_every_json_body_has_an_example_that_its_schema_allows(platform: Platform) -> None:
    document = make_app(platform).openapi()
    checked = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for name, content in _json(operation):
                schema = {**content["schema"], "components": document["components"]}
                Draft202012Validator(schema, validate_formats=True).validate(content["example"])
                assert content["example"] != {}, f"{method} {path} {name}"
                checked += 1
    assert checked > 100


def _json(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    bodies = [("request", operation.get("requestBody", {})), *operation["responses"].items()]
    for name, body in bodies:
        content = body.get("content", {}).get("application/json")
        if content is not None and content["schema"]:
            yield name, content


def test_every_value_that_goes_in_or_out_says_what_it_is_like(platform: Platform) -> None:
    """A text, a number, or a list says it by an example, a pattern of values, or words."""
    for name, schema in make_app(platform).openapi()["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            plain = [each for each in told.get("anyOf", [told]) if each.get("type") in {"string", "integer", "number"}]
            known = {"examples", "description", "enum", "const", "format", "default"}
            assert not plain or known & (set(told) | set(plain[0])), f"{name}.{field}"
