"""No choice of a search sees the test part, and altered copies are those of their pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fenlei.imaging import Policy
from fenlei.training import ladder, search
from fenlei.training.alteration import COPIES
from fenlei.training.decide import Demand
from fenlei.training.finish import Trained
from fenlei.training.heads import KINDS, NETWORK
from fenlei.training.progress import Watch
from fenlei.training.train import train
from fenlei.training.view import one
from fenlei.training.workshop import Workshop
from tests.support.drawing import tinted_scenes
from tests.support.networks import tiny_network
from tests.support.selection import chosen, line_of_each, swapped
from tests.support.tasks import drawn_task


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "tiny.onnx"
    path.write_bytes(tiny_network(size=32, width=48))
    return path


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes that are hard to tell apart, of which `test/` has pictures of its own, and not as many of each."""
    folder = tmp_path_factory.mktemp("set") / "photos"
    tinted_scenes(folder / "train", {"a": 24, "b": 24, "c": 24})
    tinted_scenes(folder / "test", {"a": 12, "b": 7, "c": 9}, seed=1)
    return folder


def searched(photos: Path, network: Path, cache: Path, demand: Demand) -> Trained:
    return train(
        photos, cache=cache, goal="accurate", budget=900, backbone=str(network), fine_tune=False, demand=demand
    )


@pytest.mark.parametrize("demand", [Demand(precision=0.8), Demand(cost=(1.0, 4.0))], ids=["precision", "cost"])
def test_labels_of_the_test_part_choose_neither_model_nor_calibration_nor_thresholds(
    photos: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demand: Demand
) -> None:
    quick = {name: kind for name, kind in KINDS.items() if name != NETWORK}
    for room in (search, ladder):
        monkeypatch.setattr(room, "KINDS", quick)
    monkeypatch.setattr(search, "IN_VAIN", 0)  # what comes after the plan depends on the clock
    folders = photos, swapped(photos, tmp_path / "swapped")
    plain, other = (searched(each, network, tmp_path / f"cache of {each.name}", demand) for each in folders)
    lines = line_of_each(plain)
    assert {line["head"] for line in lines} > {kind.name for kind in quick.values()}  # a vote too
    assert {line["copies"] for line in lines} >= set(COPIES)
    assert line_of_each(other) == lines
    assert chosen(plain)["unknown"]
    assert chosen(plain)["decision"]
    assert chosen(other) == chosen(plain)
    # It is the same model; only what judges it is not.
    assert plain.evaluation.accuracy > 0.5
    assert other.evaluation.accuracy < 0.5
    assert other.report.counts != plain.report.counts


def test_a_copy_is_one_of_the_picture_that_it_is_said_to_be_of(network: Path, tmp_path: Path) -> None:
    task, view = drawn_task(tmp_path / "photos", {"a": 4, "b": 4}, size=40), one(str(network), None, Policy.SQUASH)
    kinds = COPIES["altered and mirrored"]
    with Workshop(tmp_path / "cache", Watch()) as workshop:
        found = workshop.copies(view, task.pictures, kinds)
        assert found is not None
        for number, picture in enumerate(task.pictures):
            alone = workshop.copies(view, [picture], kinds)
            assert alone is not None
            assert len(alone.owner) == len(kinds)
            np.testing.assert_array_equal(found.features[found.owner == number], alone.features)
