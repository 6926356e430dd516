"""The OpenAPI document says what every route does, takes and answers."""

from __future__ import annotations

from typing import Any

from fenlei.api import Platform, make_app


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
    for name, operation in operations(platform):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}, f"{name} {status}"


def test_operation_ids_are_unique(platform: Platform) -> None:
    ids = [operation["operationId"] for _, operation in operations(platform)]
    assert len(ids) == len(set(ids))
