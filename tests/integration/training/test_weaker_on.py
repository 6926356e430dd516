"""A model that is wrong on small pictures only, or on dark ones, or blurred ones, or those of one camera: the report
says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

import fenlei
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network

SIDE, SMALL, DARK = 48, 24, 30

ODD = 12
"""Pictures of each class in the test part that are odd in one way, and lie in the other class."""


def changed(picture: Image.Image, way: str) -> Image.Image:
    if way == "pixels":
        return picture.resize((SMALL, SMALL), Image.Resampling.BOX)
    if way == "brightness":
        return Image.fromarray((np.asarray(picture) * (DARK / np.asarray(picture).mean())).astype(np.uint8))
    return picture.filter(ImageFilter.GaussianBlur(2)) if way == "sharpness" else picture


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures to learn from, of which some are odd in each way and where they belong; and more of the same."""
    place = tmp_path_factory.mktemp("weaker")
    (place / "tiny.onnx").write_bytes(tiny_network(width=48))
    class_folders(place / "all", {"cat": 112, "dog": 112}, SIDE)
    for label in ("cat", "dog"):
        (place / "train" / label).mkdir(parents=True)
        for number, path in enumerate(sorted((place / "all" / label).iterdir())[:64]):
            picture = Image.open(path)
            way = ("pixels", "brightness", "sharpness", "source")[number % 4]
            changed(picture, way).save(place / "train" / label / path.name)
    return place


def photos(place: Path, root: Path, way: str) -> list[Path]:
    """The same to learn from, and a test part of which the first pictures are odd in this way and of the other class.

    Returns:
        The odd ones.
    """
    shutil.copytree(place / "train", root / "train")
    odd = []
    for label, other in (("cat", "dog"), ("dog", "cat")):
        for number, path in enumerate(sorted((place / "all" / label).iterdir())[64:]):
            camera = "" if way != "source" else "phone_" if number < ODD else "lens_"
            name = f"{camera}{1000 * (label == 'dog') + number:04d}.png"
            target = root / "test" / (other if number < ODD else label) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if number < ODD:
                changed(Image.open(path), way).save(target)
                odd.append(target)
            else:
                shutil.copy(path, target)
    return odd


@pytest.mark.parametrize(
    ("way", "said", "zh"),
    [
        ("pixels", "the smallest", "最小的图片"),
        ("brightness", "the darkest pictures", "最暗的图片"),
        ("sharpness", "the most blurred", "最模糊的图片"),
        ("source", "<bdi>phone</bdi>", "<bdi>phone</bdi>"),
    ],
)
def test_what_a_model_is_wrong_on_is_a_slice_of_its_own(
    place: Path, tmp_path: Path, way: str, said: str, zh: str
) -> None:
    odd = photos(place, tmp_path / "photos", way)
    with fenlei.train(tmp_path / "photos", backbone=str(place / "tiny.onnx"), workspace=place / "workspace") as model:
        report, page = model.report, model.report_html
    assert report.evaluation.accuracy == pytest.approx(0.75)  # all but the odd ones
    found = [each for each in report.slices if each.kind == way]
    assert sum(each.pictures for each in found) == report.test_pictures == 96
    # Sources stand by their names, all others from low to high.
    worst = next(each for each in found if each.name == ("phone" if way == "source" else ""))
    assert (worst.pictures, worst.right, worst.differs) == (len(odd), 0, True)
    assert worst.difference == -1.0
    assert all(each.right == each.pictures for each in found if each is not worst)
    if way == "pixels":
        assert [(each.low, each.high) for each in found] == [(SMALL**2, SMALL**2), (SIDE**2, SIDE**2)]
    if way == "brightness":
        grey = [np.asarray(Image.open(path).convert("L")).mean() / 255 for path in odd]
        assert (worst.low, worst.high) == pytest.approx((min(grey), max(grey)), abs=0.01)
    points = page[page.index('<section id="slices"') :].split("</ul>")[0]
    assert f"{said}: right on 0&nbsp;% of 24" in points
    assert f"{zh}：24 张中认对 0%" in points
