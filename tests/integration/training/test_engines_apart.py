"""What one engine makes of a picture is never taken for what another makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fenlei.imaging import Policy
from fenlei.modelfile import pack
from fenlei.training.progress import Watch
from fenlei.training.task import Task
from fenlei.training.train import rebuild, train
from fenlei.training.view import View, one
from fenlei.training.workshop import Workshop
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network
from tests.support.tasks import drawn_task


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return drawn_task(tmp_path_factory.mktemp("photos"), {"a": 12, "b": 12}, size=40)


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    path = tmp_path_factory.mktemp("network") / "net.onnx"
    path.write_bytes(tiny_network())
    return one(str(path), None, Policy.SQUASH)


def test_each_engine_has_its_own_place_for_features(task: Task, view: View, tmp_path: Path) -> None:
    seen, rows = [], []
    for kind in ("openvino", "onnxruntime", "auto", "onnxruntime"):
        with Workshop(tmp_path, Watch(), kind) as workshop:
            rows.append(workshop.features(view, task.pictures).features)
            seen.append(workshop.computed)
            assert workshop.missing(view, task.pictures, [None]) == 0
    assert seen[:2] == [24, 24]
    assert seen[3] == 0
    np.testing.assert_array_equal(rows[1], rows[3])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-4)


def test_a_model_that_is_made_again_on_its_engine_has_its_digest_whatever_another_has_seen(
    view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = class_folders(tmp_path / "photos", {"a": 14, "b": 14}, 40)
    network = Path(view.backbones[0])
    made = train(photos, cache=tmp_path / "cache", goal="fast", backbone=str(network), engine="onnxruntime")
    train(photos, cache=tmp_path / "other", goal="fast", backbone=str(network), engine="openvino")
    monkeypatch.chdir(network.parent)
    assert pack(rebuild(made.model, photos, cache=tmp_path / "other", engine="onnxruntime").model) == pack(made.model)
