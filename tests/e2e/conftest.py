"""One small trained model for all end-to-end tests, made by the command line itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import fenlei
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network

CLASSES = {"apple": 24, "梨": 24, "plum tree": 24}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that all tests share, as a user's commands do."""
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders with a few files that are no pictures."""
    root = class_folders(tmp_path_factory.mktemp("data") / "photos", CLASSES)
    (root / "apple" / "notes.txt").write_text("not a picture")
    (root / "梨" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    return root


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real network of a few kilobytes, so that these tests take seconds."""
    path = tmp_path_factory.mktemp("networks") / "tiny.onnx"
    path.write_bytes(tiny_network())
    return path


@pytest.fixture(scope="session")
def model(photos: Path, backbone: Path, home: Path) -> Path:
    """`fenlei train` has run."""
    path = photos.parent / "photos.fenlei"
    said = fenlei("train", photos, "-o", path, "--backbone", backbone, workspace=home)
    assert said.code == 0, said.err
    return path
