"""`fenlei rebuild`: the same file from the same pictures, with or without a budget; others are refused by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from fenlei.modelfile import ModelFile, read, write
from tests.support.cli import fenlei as by_a_process
from tests.support.cli import invoked as fenlei
from tests.support.drawing import png
from tests.support.networks import tiny_network


@pytest.fixture(scope="module")
def searched(photos: Path, backbone: Path, home: Path) -> Path:
    """A model that a search with a budget has found."""
    path = photos.parent / "searched.fenlei"
    said = fenlei("train", photos, "-o", path, "--backbone", backbone, "--budget", "5s", workspace=home)
    assert said.code == 0, said.err
    return path


@pytest.fixture
def moved(photos: Path, tmp_path: Path) -> Path:
    """The same pictures at another place."""
    return shutil.copytree(photos, tmp_path / "elsewhere" / "moved")


def test_a_model_is_made_again_byte_for_byte(model: Path, moved: Path, home: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.fenlei"
    said = by_a_process("rebuild", model, moved, "-o", again, workspace=home)
    assert said.code == 0, said.err
    assert "the same file" in said.err
    assert again.read_bytes() == model.read_bytes()


def test_what_a_budget_found_is_made_again_without_a_search(
    searched: Path, moved: Path, home: Path, tmp_path: Path
) -> None:
    assert len(json.loads(read(searched).report["report.json"])["candidates"]) > 1
    again = tmp_path / "again.fenlei"
    said = fenlei("rebuild", searched, moved, "-o", again, "--json", workspace=home)
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert (found["same"], found["differs"]) == (True, [])
    assert again.read_bytes() == searched.read_bytes()


def test_elsewhere_the_network_comes_out_of_the_model_file(
    searched: Path, moved: Path, tmp_path: Path, home: Path
) -> None:
    said = fenlei("rebuild", searched, moved, workspace=tmp_path / "other machine", cwd=tmp_path)
    assert said.code == 0, said.err
    assert (tmp_path / "searched.rebuilt.fenlei").read_bytes() == searched.read_bytes()


def test_by_another_engine_and_on_one_thread_the_figures_are_the_same(model: Path, moved: Path, tmp_path: Path) -> None:
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    said = fenlei(
        "rebuild", model, moved, workspace=tmp_path / "other machine", cwd=tmp_path,
        FENLEI_ENGINE="onnxruntime", **one,
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "head.safetensors" in said.out  # which differs
    assert "The figures are the same within a thousandth." in said.err


def test_where_the_figures_differ_that_is_said_and_the_exit_code_is_1(
    model: Path, moved: Path, home: Path, tmp_path: Path
) -> None:
    made = read(model)
    accuracy = made.manifest.metrics["accuracy"]
    assert isinstance(accuracy, float)
    manifest = msgspec.structs.replace(made.manifest, metrics={**made.manifest.metrics, "accuracy": accuracy - 0.1})
    write(tmp_path / "m.fenlei", ModelFile(manifest, made.head, made.network, made.report, made.parity, made.unknown))
    said = fenlei("rebuild", tmp_path / "m.fenlei", moved, workspace=home, cwd=tmp_path)
    assert said.code == 1
    assert f"accuracy: {accuracy - 0.1:.4f} then, {accuracy:.4f} now." in said.out
    assert "The figures differ by more than a thousandth." in said.err
    assert (tmp_path / "m.rebuilt.fenlei").read_bytes() == model.read_bytes()


def test_other_pictures_are_refused_and_named(model: Path, moved: Path, home: Path, tmp_path: Path) -> None:
    target = tmp_path / "again.fenlei"

    def refused() -> str:
        said = fenlei("rebuild", model, moved, "-o", target, workspace=home)
        assert said.code == 1
        assert not target.exists()
        assert "not the pictures that the model was made of" in said.err
        return said.err

    (moved / "apple" / "new.png").write_bytes(png(64, 64, seed=5))
    assert "1 is new (apple/new.png)" in refused()
    (moved / "apple" / "new.png").unlink()
    (moved / "apple" / "0003.png").rename(moved / "梨" / "3.png")
    assert "1 is of another class (梨/3.png (was apple, is 梨))" in refused()
    (moved / "梨" / "3.png").unlink()
    assert "1 is gone (apple/0003.png)" in refused()


def test_another_backbone_is_refused_and_named(
    photos: Path, moved: Path, backbone: Path, home: Path, tmp_path: Path
) -> None:
    network = tmp_path / "mine.onnx"
    network.write_bytes(tiny_network(seed=7))
    model = tmp_path / "m.fenlei"
    words = ("train", photos, "-o", model, "--backbone", network, "--reference-backbone")
    assert fenlei(*words, workspace=home).code == 0
    said = fenlei("rebuild", model, moved, "-o", tmp_path / "n.fenlei", workspace=tmp_path / "other machine")
    assert said.code == 1
    assert "made with the backbone file:mine at 32 pixels" in said.err
    assert "cannot be had here" in said.err
    assert fenlei("rebuild", model, moved, "-o", tmp_path / "n.fenlei", workspace=home).code == 0
    assert (tmp_path / "n.fenlei").read_bytes() == model.read_bytes()


def test_a_file_beside_the_pictures_makes_another_file_and_it_is_said_which_part(
    model: Path, moved: Path, home: Path, tmp_path: Path
) -> None:
    (moved / "apple" / "more notes.txt").write_text("not a picture either")
    said = fenlei("rebuild", model, moved, "-o", tmp_path / "n.fenlei", workspace=home)
    assert said.code == 0
    assert "These parts differ: manifest.json, report/index.html, report/report.json." in said.out
    assert "The figures are the same" in said.err


def test_a_model_that_does_not_say_how_it_was_made_is_refused(photos: Path, home: Path, tmp_path: Path) -> None:
    from tests.support.models import write_tiny

    said = fenlei("rebuild", write_tiny(tmp_path / "tiny.fenlei"), photos, workspace=home, cwd=tmp_path)
    assert said.code == 1
    assert "does not carry what it takes to make it again" in said.err
    assert list(tmp_path.glob("*.rebuilt.fenlei")) == []
