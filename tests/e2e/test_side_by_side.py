"""`fenlei explain` and `fenlei evaluate --compare`, as a person uses them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.cli import invoked as fenlei
from tests.support.drawing import class_folders, opened
from tests.support.networks import tiny_network

CLASSES = {"apple": 40, "梨": 40, "plum tree": 40}


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures drawn like those that the models learned from, and none of them."""
    root = class_folders(tmp_path_factory.mktemp("unseen") / "photos", CLASSES)
    for label in CLASSES:
        for number in range(24):
            (root / label / f"{number:04d}.png").unlink()
    return root


@pytest.fixture(scope="module")
def poor(photos: Path, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model on a network that sees hardly anything."""
    folder = tmp_path_factory.mktemp("poor")
    (folder / "blind.onnx").write_bytes(tiny_network(width=1, seed=3))
    path = folder / "poor.fenlei"
    said = fenlei("train", photos, "-o", path, "--backbone", folder / "blind.onnx", workspace=home)
    assert said.code == 0, said.err
    return path


def test_explain_draws_a_map_over_the_picture(photos: Path, model: Path, home: Path, tmp_path: Path) -> None:
    picture = photos / "apple" / "0000.png"
    said = fenlei("explain", model, picture, workspace=home, cwd=tmp_path)
    assert said.code == 0, said.err
    assert said.out.startswith("apple: ")
    assert opened((tmp_path / "0000.png.map.png").read_bytes()).size == (64, 64)
    other = fenlei("explain", model, picture, "--class", "梨", "-o", tmp_path / "m.png", "--json", workspace=home)
    found = json.loads(other.out)
    assert (found["class"], found["answer"]) == ("梨", "apple")
    assert len(found["cells"]) == 16
    followed = fenlei(
        "explain", model, picture, "-o", tmp_path / "g.png", "--method", "gradient", "--json", workspace=home
    )
    assert followed.code == 0, followed.err
    assert json.loads(followed.out)["method"] == "gradient"
    assert (tmp_path / "g.png").read_bytes() != (tmp_path / "0000.png.map.png").read_bytes()
    assert fenlei("explain", model, picture, "--class", "pear", workspace=home, cwd=tmp_path).code == 1
    assert fenlei("explain", model, picture, "-o", picture, workspace=home).code == 1


def test_a_better_model_is_better_beyond_noise(poor: Path, model: Path, unseen: Path, home: Path) -> None:
    said = fenlei("evaluate", "--compare", poor, model, unseen, workspace=home)
    assert said.code == 0, said.err
    assert "photos.fenlei is better beyond noise" in said.out
    found = json.loads(fenlei("evaluate", "--compare", poor, model, unseen, "--json", workspace=home).out)
    assert found["pictures"] == 48
    assert found["difference"] == pytest.approx(found["new"] - found["old"])
    assert found["difference"] == pytest.approx((found["only_new"] - found["only_old"]) / 48)
    low, high = found["difference_interval"]
    assert 0 < low < found["difference"] < high
    assert sorted(each["label"] for each in found["per_class"]) == sorted(CLASSES)
    turned = json.loads(fenlei("evaluate", "--compare", model, poor, unseen, "--json", workspace=home).out)
    assert turned["difference"] == pytest.approx(-found["difference"])


def test_a_model_against_itself_is_no_better(model: Path, unseen: Path, home: Path) -> None:
    said = fenlei("evaluate", model, unseen, "--compare", model, workspace=home)
    assert "No difference beyond noise: +0.0 points" in said.out


def test_pictures_that_one_of_them_learned_from_do_not_count(
    poor: Path, model: Path, photos: Path, unseen: Path, home: Path, tmp_path: Path
) -> None:
    mixed = shutil.copytree(unseen, tmp_path / "mixed")
    for number in range(5):
        shutil.copy(photos / "apple" / f"{number:04d}.png", mixed / "apple" / f"known_{number}.png")
    found = json.loads(fenlei("evaluate", model, mixed, "--compare", poor, "--json", workspace=home).out)
    assert (found["pictures"], found["left_out"]) == (48, 5)
    all_known = fenlei("evaluate", model, photos, "--compare", poor, workspace=home)
    assert "has learned from 72 of these pictures and knows them by heart" in all_known.out


def test_classes_that_one_of_them_does_not_know_are_counted_apart(
    model: Path, photos: Path, unseen: Path, backbone: Path, home: Path, tmp_path: Path
) -> None:
    more = shutil.copytree(photos, tmp_path / "more")
    (more / "梨").rename(more / "pear")
    newer = tmp_path / "newer.fenlei"
    assert fenlei("train", more, "-o", newer, "--backbone", backbone, workspace=home).code == 0
    found = json.loads(fenlei("evaluate", newer, unseen, "--compare", model, "--json", workspace=home).out)
    assert (found["pictures"], found["unknown_to_one"]) == (32, 16)
    strangers = class_folders(tmp_path / "strangers", {"x": 3, "y": 3})
    said = fenlei("evaluate", newer, strangers, "--compare", model, workspace=home)
    assert said.code == 1
    assert "no readable picture of a class" in said.err
