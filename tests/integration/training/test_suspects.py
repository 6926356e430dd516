"""Wrong labels put in on purpose, copies in two classes, a picture of nothing known: all of it is found and named."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fenlei.training.finish import Trained
from fenlei.training.report import Report
from fenlei.training.train import train
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network

FLIPPED = 0.05
WITHIN = 0.1
LEAST_FOUND = 0.7


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "tiny.onnx"
    path.write_bytes(tiny_network(size=32, width=48))
    return path


def flip(root: Path, seed: int) -> set[str]:
    """Move a share of the pictures into the folder of another class; their names below the root afterwards."""
    rng = np.random.default_rng(seed)
    classes = sorted(each.name for each in root.iterdir() if each.is_dir())
    pictures = sorted(path for path in root.rglob("*") if path.is_file())
    moved = set()
    for number in rng.choice(len(pictures), round(FLIPPED * len(pictures)), replace=False):
        path = pictures[number]
        other = str(rng.choice([name for name in classes if name != path.parent.name]))
        target = root / other / f"from_{path.parent.name}_{path.name}"
        path.rename(target)
        moved.add(f"{other}/{target.name}")
    return moved


def found_early(report: Report, flipped: set[str], prefix: str = "") -> float:
    """The share of flips within the first tenth of the list, by the number of pictures that were looked at."""
    assert report.suspect_counts is not None
    first = report.suspects[: math.ceil(WITHIN * report.suspect_counts.looked_at)]
    return len({each.name.removeprefix(prefix) for each in first} & flipped) / len(flipped)


def in_order(suspicions: Sequence[float]) -> bool:
    return list(suspicions) == sorted(suspicions, reverse=True)


@pytest.fixture(scope="module")
def mislabelled(tmp_path_factory: pytest.TempPathFactory, network: Path) -> tuple[Trained, set[str]]:
    """A training on drawn pictures, a twentieth of which lies in the wrong folder."""
    folder = tmp_path_factory.mktemp("mislabelled")
    root = class_folders(folder / "photos", {"cat": 60, "dog": 60, "鸟": 60}, size=40)
    flipped = flip(root, seed=4)
    return train(root, cache=folder / "cache", backbone=str(network)), flipped


def test_of_flipped_labels_most_are_at_the_head_of_the_list(mislabelled: tuple[Trained, set[str]]) -> None:
    trained, flipped = mislabelled
    report = trained.report
    assert len(flipped) == 9
    assert found_early(report, flipped) >= LEAST_FOUND
    assert in_order([each.suspicion for each in report.suspects])
    for each in report.suspects:
        if each.name in flipped and "label" in each.reasons:
            assert each.likelier == each.name.split("/from_")[1].rsplit("_", 1)[0]
            assert each.label_score is not None
            assert each.likelier_score is not None
            assert each.label_score < each.likelier_score


def test_suspects_are_shown_in_the_report_with_pictures(mislabelled: tuple[Trained, set[str]]) -> None:
    trained, _ = mislabelled
    page = trained.model.report["index.html"].decode()
    section = page[page.index('<section id="suspects"') :].split("</section>")[0]
    first = trained.report.suspects[0]
    assert first.name in section
    assert first.thumbnail is not None
    assert f'alt="{first.name}"' in section
    assert "data:image/jpeg;base64," in section


def test_the_report_advises_to_look_at_them_and_says_what_more_pictures_would_bring(
    mislabelled: tuple[Trained, set[str]],
) -> None:
    trained, _ = mislabelled
    report = trained.report
    advice = {each.rule: each for each in report.advice}
    assert f"“{report.suspects[0].name}” first" in advice["look-at-suspects"].en
    assert report.suspects[0].name in advice["look-at-suspects"].zh
    assert report.learning_curve is not None
    assert [point.share for point in report.learning_curve.points] == [0.25, 0.5, 1.0]
    assert {gain.label for gain in report.learning_curve.gains} == {"cat", "dog", "鸟"}
    page = trained.model.report["index.html"].decode()
    assert advice["look-at-suspects"].zh in page
    assert '<section id="curve"' in page


def test_clean_pictures_give_hardly_a_suspect_and_no_picture_travels_unasked(tmp_path: Path, network: Path) -> None:
    root = class_folders(tmp_path / "photos", {"a": 30, "b": 30}, size=40)
    trained = train(root, cache=tmp_path / "cache", backbone=str(network), synthetic_parity=True)
    assert trained.report.suspect_counts is not None
    assert trained.report.suspect_counts.looked_at == 60
    assert trained.report.suspect_counts.pictures <= 3
    assert all(each.thumbnail is None for each in trained.report.suspects)


def test_a_copy_in_another_class_and_a_picture_of_nothing_are_named_with_their_evidence(
    tmp_path: Path, network: Path
) -> None:
    root = class_folders(tmp_path / "photos", {"a": 30, "b": 30}, size=40)
    shutil.copy(root / "a" / "0003.png", root / "b" / "copy.png")
    squares = np.kron(np.indices((10, 10)).sum(axis=0) % 2, np.ones((4, 4), np.uint8)) * 255
    Image.fromarray(squares.astype(np.uint8)).convert("RGB").save(root / "a" / "odd.png")
    trained = train(root, cache=tmp_path / "cache", backbone=str(network))
    suspects = {each.name: each for each in trained.report.suspects}
    copy, original = suspects["b/copy.png"], suspects["a/0003.png"]
    assert copy.suspicion > original.suspicion
    assert copy.twin is not None
    assert (copy.twin.name, copy.twin.label, copy.twin.exact) == ("a/0003.png", "a", True)
    assert copy.twin.sha256 == copy.sha256
    assert "twin" in original.reasons
    odd = suspects["a/odd.png"]
    assert "outlier" in odd.reasons
    assert odd.distance is not None
    assert odd.distance > 1.25
    assert odd.nearest is not None
    assert trained.report.suspect_counts is not None
    assert trained.report.suspect_counts.twins == 2


def test_with_too_few_pictures_labels_are_not_judged(tmp_path: Path, network: Path) -> None:
    root = class_folders(tmp_path / "photos", {"a": 2, "b": 2}, size=40)
    report = train(root, cache=tmp_path / "cache", backbone=str(network)).report
    assert report.suspect_counts is not None
    assert report.suspect_counts.labels == 0


def test_of_flipped_labels_of_real_photographs_most_are_at_the_head_of_the_list(shared: Path, tmp_path: Path) -> None:
    source = shared / "data" / "open" / "weather" / "train"
    if not source.is_dir():
        pytest.skip("no data set `weather` in the shared folder")
    for folder in sorted(each for each in source.iterdir() if each.is_dir()):
        (tmp_path / "weather" / folder.name).mkdir(parents=True)
        for picture in sorted(folder.iterdir())[:75]:
            shutil.copy(picture, tmp_path / "weather" / folder.name)
    flipped = flip(tmp_path / "weather", seed=1)
    report = train(tmp_path / "weather", cache=tmp_path / "cache", goal="fast").report
    assert len(flipped) == 15
    assert found_early(report, flipped) >= LEAST_FOUND
