"""The Python face: train, predict, evaluate, save, load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import fenlei
from fenlei.modelfile import NotAModelFile
from tests.support.drawing import class_folders, png
from tests.support.networks import tiny_network


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("python")
    class_folders(place / "photos", {"red": 16, "绿": 16})
    (place / "tiny.onnx").write_bytes(tiny_network())
    return place


@pytest.fixture(scope="module")
def model(place: Path) -> Iterator[fenlei.Model]:
    with fenlei.train(place / "photos", backbone=str(place / "tiny.onnx"), workspace=place / "workspace") as model:
        yield model


@pytest.fixture
def picture(place: Path) -> Path:
    return place / "photos" / "red" / "0003.png"


def test_a_path_bytes_and_an_array_are_the_same_picture(model: fenlei.Model, picture: Path) -> None:
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    answers = [model.predict(picture), model.predict(str(picture)), model.predict(picture.read_bytes())]
    answers.append(model.predict(pixels))
    assert {answer.label for answer in answers} == {"red"}
    assert len({answer.score for answer in answers}) == 1
    assert answers[0].score == max(answers[0].scores.values())


def test_a_list_keeps_its_order(model: fenlei.Model, place: Path) -> None:
    files = sorted((place / "photos").rglob("*.png"))
    together = model.predict(list(files))
    assert [answer.scores for answer in together] == [model.predict(file).scores for file in files]
    assert model.predict([]) == []


def test_a_bad_picture_is_named_and_the_others_are_answered(model: fenlei.Model, picture: Path, tmp_path: Path) -> None:
    broken, absent = tmp_path / "broken.jpg", tmp_path / "absent.jpg"
    broken.write_bytes(picture.read_bytes()[:200])
    answers = list(model.predict_each([picture, broken, absent, np.zeros((4, 4), np.uint8), picture]))
    assert [isinstance(answer, fenlei.FenleiError) for answer in answers] == [False, True, True, True, False]
    assert "broken.jpg" in str(answers[1])
    assert "absent.jpg" in str(answers[2])
    with pytest.raises(fenlei.FenleiError, match="no such file"):
        model.predict(absent)


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_an_array_that_is_no_picture_is_refused(model: fenlei.Model, array: NDArray[Any]) -> None:
    with pytest.raises(fenlei.FenleiError, match="uint8 RGB"):
        model.predict(array)


def test_pictures_outside_the_wires_limits_are_read_all_the_same(model: fenlei.Model) -> None:
    assert model.predict(png(20, 300)).label in model.labels


def test_evaluate_counts_what_predict_says(model: fenlei.Model, place: Path) -> None:
    figures = model.evaluate(place / "photos")
    right = sum(model.predict(file).label == file.parent.name for file in sorted((place / "photos").rglob("*.png")))
    assert figures.pictures == 32
    assert figures.accuracy == right / 32


def test_evaluate_judges_the_test_part_where_there_is_one(model: fenlei.Model, tmp_path: Path) -> None:
    class_folders(tmp_path / "train", {"red": 3, "绿": 3})
    class_folders(tmp_path / "test", {"red": 2, "绿": 2})
    assert model.evaluate(tmp_path).pictures == 4


def test_evaluate_judges_the_part_that_training_would(model: fenlei.Model, tmp_path: Path) -> None:
    class_folders(tmp_path / "train", {"red": 3, "绿": 3})
    class_folders(tmp_path / "val", {"red": 2, "绿": 2})
    assert model.evaluate(tmp_path).pictures == 4


def test_evaluate_leaves_unknown_classes_aside_and_says_so(model: fenlei.Model, tmp_path: Path) -> None:
    class_folders(tmp_path, {"red": 2, "violet": 3})
    judged = model.judge(tmp_path)
    assert judged.evaluation.pictures == 2
    assert [reason for _, reason in judged.skipped] == ["The model knows no class 'violet'."] * 3
    class_folders(tmp_path / "other", {"violet": 2, "white": 2})
    with pytest.raises(fenlei.FenleiError, match="red, 绿"):
        model.evaluate(tmp_path / "other")


def test_evaluate_judges_a_test_part_with_classes_that_its_train_part_lacks(
    model: fenlei.Model, tmp_path: Path
) -> None:
    class_folders(tmp_path / "train", {"red": 3})
    class_folders(tmp_path / "test", {"red": 2, "绿": 2, "violet": 1})
    judged = model.judge(tmp_path)
    assert judged.evaluation.pictures == 4
    assert [reason for _, reason in judged.skipped] == ["The model knows no class 'violet'."]


def test_a_saved_model_is_the_same_model(model: fenlei.Model, place: Path, picture: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.fenlei"
    assert model.save(path) == model.save(tmp_path / "n.fenlei")
    with fenlei.load(path, workspace=place / "workspace") as copy:
        assert copy.labels == model.labels == ["red", "绿"]
        assert copy.predict(picture).scores == model.predict(picture).scores
        assert copy.metrics == model.metrics
        assert copy.report == model.report
        assert "绿" in copy.report_html


def test_without_a_name_a_model_is_saved_where_it_came_from(
    model: fenlei.Model, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    digest = model.save()
    assert [path.name for path in tmp_path.iterdir()] == ["photos.fenlei"]
    moved = (tmp_path / "photos.fenlei").rename(tmp_path / "other.fenlei")
    with fenlei.load(moved, workspace=place / "workspace") as copy:
        moved.unlink()
        assert copy.save() == digest
    assert moved.is_file()


def test_training_twice_gives_the_same_bytes_and_computes_no_feature_again(place: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "a.fenlei", tmp_path / "b.fenlei"]
    for path in paths:
        with fenlei.train(place / "photos", backbone=str(place / "tiny.onnx"), workspace=place / "workspace") as model:
            model.save(path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_synthetic_model_carries_no_picture_of_the_user(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.fenlei"
    network, workspace = str(place / "tiny.onnx"), place / "workspace"
    with fenlei.train(place / "photos", backbone=network, workspace=workspace, synthetic_parity=True) as model:
        model.save(path)
    data = path.read_bytes()
    from fenlei.modelfile import read

    users = {file.read_bytes() for file in (place / "photos").rglob("*.png")}
    assert not users & {picture.data for picture in read(path).parity}
    assert not any(user in data for user in users)
    assert len(read(path).parity) == 20


def test_a_referenced_backbone_is_found_by_digest_or_missed_with_a_sentence(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.fenlei"
    network, workspace = str(place / "tiny.onnx"), place / "workspace"
    with fenlei.train(place / "photos", backbone=network, workspace=workspace, embed_backbone=False) as model:
        model.save(path)
    with fenlei.load(path, workspace=workspace) as copy:
        assert copy.labels == ["red", "绿"]
    with pytest.raises(fenlei.FenleiError, match="backbone"):
        fenlei.load(path, workspace=tmp_path / "elsewhere")


def test_loading_nothing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotAModelFile, match="no such file"):
        fenlei.load(tmp_path / "absent.fenlei")
