"""The finishing of the OpenAPI document: every error answer is said once, every JSON body has an example."""

from __future__ import annotations

from typing import Any

from fenlei.api.examples import add_examples


def finished(document: dict[str, Any]) -> dict[str, Any]:
    """The document that FastAPI has written, finished. Twice is fine."""
    _say_errors_once(document)
    return add_examples(document)


def _say_errors_once(document: dict[str, Any]) -> None:
    shared = document.setdefault("components", {}).setdefault("responses", {})
    for item in document["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and "$ref" not in answer:
                    known = shared.setdefault(f"Error{status}", answer)
                    if known == answer:
                        operation["responses"][status] = {"$ref": f"#/components/responses/Error{status}"}
