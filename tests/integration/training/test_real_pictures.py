"""Real photographs and the real default backbone: far above chance, and cached."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fenlei.training.train import train


@pytest.fixture
def weather(shared: Path, tmp_path: Path) -> Path:
    """Twenty training and ten test pictures of each of four kinds of weather."""
    root = shared / "data" / "open" / "weather"
    if not root.is_dir():
        pytest.skip("no data set `weather` in the shared folder")
    for part, count in (("train", 20), ("test", 10)):
        for folder in sorted(each for each in (root / part).iterdir() if each.is_dir()):
            (tmp_path / "weather" / part / folder.name).mkdir(parents=True)
            for picture in sorted(folder.iterdir())[:count]:
                shutil.copy(picture, tmp_path / "weather" / part / folder.name)
    return tmp_path / "weather"


def test_weather_is_told_apart_far_above_chance(weather: Path, workspace: Path) -> None:
    trained = train(weather, cache=workspace / "cache", goal="fast")
    assert trained.report.labels == ["cloudy", "rain", "shine", "sunrise"]
    assert trained.evaluation.pictures == 40
    assert trained.evaluation.accuracy > 0.7  # chance is 0.25
    assert trained.computed == 120
    assert trained.report.recipe.backbone == "efficientnet-lite0"
    assert trained.report.recipe.licence == "Apache-2.0"
    assert train(weather, cache=workspace / "cache", goal="fast").computed == 0
