"""Write docs/reference from the sources: `python -m docs.generate`. A test fails when it was forgotten."""

from __future__ import annotations

from pathlib import Path

from docs.reference_cli import cli_page
from docs.reference_codes import codes_page
from docs.reference_nodes import nodes_page
from docs.reference_openapi import openapi_page
from docs.reference_python import python_page

REFERENCE = Path(__file__).parent / "reference"


def pages() -> dict[str, str]:
    """Every generated page by its file name. The same sources give the same text on every machine."""
    return {
        "cli.md": cli_page(),
        "python.md": python_page(),
        "nodes.md": nodes_page(),
        "codes.md": codes_page(),
        "openapi.json": openapi_page(),
    }


def main() -> None:
    """Write the pages."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
