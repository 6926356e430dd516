"""Going on from an earlier model: its test pictures stay aside, and both models are judged on them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fenlei.modelfile import ModelFile, pack
from fenlei.training.earlier import read_earlier
from fenlei.training.errors import TrainingError
from fenlei.training.finish import Trained
from fenlei.training.picture_list import FILE, Listed, read_list
from fenlei.training.train import rebuild, train
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A network that sees hardly anything, and one that sees much."""
    folder = tmp_path_factory.mktemp("networks")
    (folder / "blind.onnx").write_bytes(tiny_network(size=32, width=1, seed=3))
    (folder / "good.onnx").write_bytes(tiny_network(size=32, width=48))
    return {name: str(folder / f"{name}.onnx") for name in ("blind", "good")}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return class_folders(tmp_path / "photos", {"a": 40, "b": 40, "c": 40})


def parts(trained: Trained) -> dict[str, Listed]:
    return {each.digest: each for each in read_list(trained.model.report[FILE])}


def test_what_judged_the_earlier_model_judges_the_new_one(photos: Path, cache: Path, networks: dict[str, str]) -> None:
    class_folders(photos, dict.fromkeys("abcefg", 40))
    first = train(photos, cache=cache, backbone=networks["blind"])
    class_folders(photos, {**dict.fromkeys("abcefg", 50), "d": 20})
    (photos / "a" / "0001.png").unlink()
    second = train(photos, cache=cache, backbone=networks["good"], since=read_earlier(first.model), seed=7)
    before, now = parts(first), parts(second)
    stayed = [digest for digest in before if digest in now]
    assert len(stayed) == 239
    assert all(now[digest].part == "train" for digest in stayed if before[digest].part == "train")
    held = [digest for digest in stayed if before[digest].part == now[digest].part == "test"]
    # A picture that is new may show a test picture and a training picture to be copies; such a test picture is let go.
    assert len(held) > 0.9 * first.report.test_pictures
    new = [each for digest, each in now.items() if digest not in before]
    assert 0 < sum(each.part == "test" for each in new) < len(new) / 2

    since = second.report.since
    assert since is not None
    assert (since.new_pictures, since.gone_pictures, since.new_classes) == (80, 1, ["d"])
    assert since.judged == len(held)
    assert since.old == pytest.approx(sum(before[each].called == before[each].label for each in held) / len(held))
    assert since.new == pytest.approx(sum(now[each].called == now[each].label for each in held) / len(held))
    assert since.difference is not None
    assert since.difference_interval is not None
    assert since.difference == pytest.approx((since.only_new - since.only_old) / since.judged)
    assert 0 < since.difference_interval[0] < since.difference < since.difference_interval[1]
    page = second.model.report["index.html"].decode()
    assert "It is better beyond noise" in page
    assert "明显更好，超出偶然范围" in page
    assert "Against the model before" not in first.model.report["index.html"].decode()
    assert pack(rebuild(second.model, photos, cache=cache).model) == pack(second.model)


def test_a_copy_of_what_was_learned_from_does_not_judge(photos: Path, cache: Path, networks: dict[str, str]) -> None:
    first = train(photos, cache=cache, backbone=networks["good"])
    for name, each in enumerate(parts(first).values()):
        if each.part == "train" and each.label == "a":
            shutil.copy(photos / each.name, photos / "a" / f"copy {name}.png")
    second = train(photos, cache=cache, backbone=networks["good"], since=read_earlier(first.model))
    listed = read_list(second.model.report[FILE])
    assert all(each.part == "train" for each in listed if "copy" in each.name)
    since = second.report.since
    assert since is not None
    assert (since.new_pictures, since.judged, since.difference) == (0, first.report.test_pictures, 0)


def test_other_pictures_altogether_cannot_be_compared(photos: Path, cache: Path, networks: dict[str, str]) -> None:
    first = train(photos, cache=cache, backbone=networks["good"])
    shutil.rmtree(photos)
    class_folders(photos, {"x": 0, "y": 0, "z": 0, "u": 12, "v": 12})
    for empty in "xyz":
        (photos / empty).rmdir()
    since = train(photos, cache=cache, backbone=networks["good"], since=read_earlier(first.model)).report.since
    assert since is not None
    assert (since.new_pictures, since.gone_pictures, since.judged, since.difference) == (24, 120, 0, None)


def test_a_model_that_does_not_list_its_pictures_is_refused(
    cache: Path, photos: Path, networks: dict[str, str]
) -> None:
    model = train(photos, cache=cache, backbone=networks["good"]).model
    with pytest.raises(TrainingError, match="does not say which pictures it was made of"):
        read_earlier(ModelFile(model.manifest, model.head, None))
