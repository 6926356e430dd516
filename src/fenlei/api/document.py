"""The finishing of the OpenAPI document: what all or many operations have in common is said once, in one place.

Error answers; the id of every answer; the revision in the `ETag`; the idempotency key. And examples of JSON bodies.
"""

from __future__ import annotations

from typing import Any

from fenlei.api.examples import add_examples

TAGGED = "x-tagged"
"""The mark of an operation whose success says a revision; it stands in no finished document."""

REQUEST_ID = {"description": "The server's log has more under it.", "required": True, "schema": {"type": "string"}}
ETAG = {
    "description": "The revision; send it as `If-Match` with a change.",
    "required": True,
    "schema": {"type": "string", "examples": ['"3"']},
}
REPLAYED = {
    "description": "`true` where this is the answer of an earlier call with this idempotency key.",
    "schema": {"const": "true"},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Of one's own choice, new for each call: sent again under the same key within a day, the call is "
    "carried out once and answered the same; an answer that shows a secret is not given again, but 409.",
    "schema": {"type": "string", "pattern": "^[ -~]{1,200}$", "examples": ["5f2b6c1e-0a4d-4f0e-9d57-1f4a3f6a9c11"]},
}
REPEATABLE = {"$ref": "#/components/parameters/Idempotency-Key"}
"""The parameter of an operation that takes such a key."""


def finished(document: dict[str, Any]) -> dict[str, Any]:
    """The document that FastAPI has written, finished. Twice is fine."""
    document.setdefault("components", {})["parameters"] = {"Idempotency-Key": IDEMPOTENCY_KEY}
    document["components"]["headers"] = {"X-Request-Id": REQUEST_ID, "ETag": ETAG, "Idempotency-Replayed": REPLAYED}
    for item in document["paths"].values():
        for operation in item.values():
            _say_headers(operation)
    _say_errors_once(document)
    return add_examples(document)


def _say_headers(operation: dict[str, Any]) -> None:
    tagged = operation.pop(TAGGED, False)
    for status, answer in operation["responses"].items():
        if "$ref" in answer:
            continue
        names = ["X-Request-Id"]
        if int(status) < 300:
            names += ["ETag"] * tagged + ["Idempotency-Replayed"] * (REPEATABLE in operation.get("parameters", []))
        headers = answer.setdefault("headers", {})
        for name in names:
            headers.setdefault(name, {"$ref": f"#/components/headers/{name}"})


def _say_errors_once(document: dict[str, Any]) -> None:
    shared = document.setdefault("components", {}).setdefault("responses", {})
    for item in document["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and "$ref" not in answer:
                    known = shared.setdefault(f"Error{status}", answer)
                    if known == answer:
                        operation["responses"][status] = {"$ref": f"#/components/responses/Error{status}"}
