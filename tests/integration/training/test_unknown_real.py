"""Real photographs: pictures of other sets, and drawn ones, are told from those of the classes that were learned."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fenlei
from fenlei.training.auroc import auroc
from tests.support.drawing import jpeg

LEARNED, JUDGED, STRANGERS = 24, 12, 24


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the network is made ready once."""
    return tmp_path_factory.mktemp("house")


def few(source: Path, target: Path, count: int, skip: int = 0) -> list[Path]:
    """Copy so many pictures of each class."""
    copied: list[Path] = []
    for folder in sorted(each for each in source.iterdir() if each.is_dir()):
        (target / folder.name).mkdir(parents=True)
        pictures = sorted(folder.iterdir())[skip : skip + count]
        copied.extend(Path(shutil.copy(picture, target / folder.name)) for picture in pictures)
    return copied


@pytest.mark.parametrize("name", ["sign_digits", "trashnet", "weather"])
def test_pictures_of_other_sets_and_drawn_ones_are_told(
    name: str, shared: Path, tmp_path: Path, house: Path, record_property: Callable[[str, object], None]
) -> None:
    root = shared / "data" / "open"
    names = ["sign_digits", "trashnet", "weather"]
    if not all((root / each / "train").is_dir() and (root / each / "test").is_dir() for each in names):
        pytest.skip("no data sets of real pictures in the shared folder")
    few(root / name / "train", tmp_path / "photos" / "train", LEARNED)
    judged = few(root / name / "test", tmp_path / "photos" / "test", JUDGED)
    with fenlei.train(tmp_path / "photos", goal="fast", workspace=house) as model:

        def strangeness(files: list[Path]) -> list[float]:
            return [each.strangeness for each in model.predict(list(files)) if each.strangeness is not None]

        known = np.array(strangeness(judged))
        rule = model.manifest.unknown
        assert rule is not None
        assert np.mean(known > 1) < 0.2
        drawn = []
        for number in range(STRANGERS):
            drawn.append(tmp_path / f"{number}.jpg")
            drawn[-1].write_bytes(jpeg(320, 240, seed=number))
        found = {"drawn": auroc(known, np.array(strangeness(drawn)))}
        for other in names:
            if other != name:
                files = few(root / other / "test", tmp_path / "others" / other, 6)
                found[other] = auroc(known, np.array(strangeness(files)))
        record_property("auroc", {"learned": name, "rule": rule.rule, **found})
        assert min(found.values()) > 0.85, found
