"""A model version explains a picture that is sent to it."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from fenlei.api import Platform
from fenlei.projects.model_uploads import About, upload_model_file
from tests.integration.api.everything import API
from tests.support.drawing import encoded, opened, png
from tests.support.models import write_corners


@pytest.fixture
def path(platform: Platform, tmp_path: Path) -> str:
    """Where a version explains that names the brightest corner."""
    file = write_corners(tmp_path / "corners.fenlei")
    about = About("Corners", None, "", [], None)
    version = upload_model_file(platform.store, file, about, cache=platform.cache, engine=platform.engine)
    return f"{API}/model-versions/{version.id}/explain"


def bright_corner() -> bytes:
    pixels = np.full((60, 90, 3), 20, np.uint8)
    pixels[:30, :45] = 250
    return encoded(Image.fromarray(pixels), "PNG")


def test_a_picture_is_explained(client: TestClient, path: str) -> None:
    answer = client.post(path, content=bright_corner())
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["label"], found["answer"]) == ("top_left", "top_left")
    assert sum(found["scores"].values()) == pytest.approx(1)
    assert opened(base64.b64decode(found["map"])).size == (90, 60)
    cells = np.array(found["cells"])
    assert cells.shape == (16, 16)
    assert cells[:8, :8].mean() > cells[8:, 8:].mean()
    asked = client.post(path, content=bright_corner(), params={"class": "bottom_right"}).json()
    assert (asked["label"], asked["answer"]) == ("bottom_right", "top_left")


@pytest.mark.parametrize(
    ("content", "wanted", "status", "words"),
    [
        (b"", None, 400, "No picture was sent"),
        (b"no picture", None, 422, "is no picture"),
        (png(64, 64)[:100], None, 422, ""),
        (png(64, 64), "middle", 422, "no class 'middle'; it knows bottom_left"),
    ],
    ids=["nothing", "no picture", "half a picture", "no such class"],
)
def test_what_cannot_be_explained_is_refused(
    client: TestClient, path: str, content: bytes, wanted: str | None, status: int, words: str
) -> None:
    answer = client.post(path, content=content, params={} if wanted is None else {"class": wanted})
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]
