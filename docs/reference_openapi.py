"""The management API as OpenAPI: for programs that write clients."""

from __future__ import annotations

import json
from pathlib import Path

from fenlei.api import Platform, make_app
from fenlei.store import Blobs, Database, Store


def openapi_page() -> str:
    """The document that a platform gives at `/api/v1/openapi.json`."""
    nowhere = Path("nowhere")  # nothing is opened to describe it
    platform = Platform(Store(Database(nowhere), Blobs(nowhere)), nowhere, nowhere, "http://127.0.0.1:8000")
    return json.dumps(make_app(platform).openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
