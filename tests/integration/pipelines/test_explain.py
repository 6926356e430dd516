"""Explain draws maps of pictures of the test part, and says of each what the model called it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fenlei.pipelines.pictures import content
from fenlei.pipelines.reference import Model, Split
from tests.support.cornered import SWAPPED, corner_folders, corner_model
from tests.support.drawing import opened
from tests.support.workbench import Workbench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def split(bench: Workbench) -> Split:
    return bench.split(corner_folders(bench.folder / "photos", 6), test=0.5)


@pytest.fixture(scope="module")
def wrong_on_half(bench: Workbench) -> Model:
    return bench.model(corner_model(bench.folder, SWAPPED))


def test_a_map_shows_what_the_answer_rests_on(bench: Workbench, split: Split) -> None:
    model = bench.model(corner_model(bench.folder))
    report = bench.run("judge.explain", model, split, pictures=4, which="each class")
    told = bench.told(report)
    assert {each["label"] for each in told["maps"]} == set(model.labels)
    for each in told["maps"]:
        cells = np.array(each["cells"])
        quarters = {
            "top_left": cells[:8, :8],
            "top_right": cells[:8, 8:],
            "bottom_left": cells[8:, :8],
            "bottom_right": cells[8:, 8:],
        }
        assert max(quarters, key=lambda name: float(quarters[name].mean())) == each["label"]
        assert opened(bench.blobs.get(each["png"])).size == (64, 64)
    assert report.about == "explanation"
    assert report.headline == {"maps": 4, "judged": 12, "wrong": 0}


def test_wrong_answers_come_first_and_only_pictures_of_the_test_part(
    bench: Workbench, split: Split, wrong_on_half: Model
) -> None:
    told = bench.told(bench.run("judge.explain", wrong_on_half, split, pictures=8))
    assert told["wrong"] == 6
    assert [each["label"] != each["answer"] for each in told["maps"]] == [True] * 6 + [False] * 2
    tested = {each.name: each.sha256 for each in content(bench.context, split).entries if each.split == "test"}
    assert {each["name"]: each["sha256"] for each in told["maps"]}.items() <= tested.items()
    assert [each["label_score"] for each in told["maps"][:6]] == sorted(
        each["label_score"] for each in told["maps"][:6]
    )


def test_unsure_answers_can_be_asked_for_and_the_class_that_a_picture_has(
    bench: Workbench, split: Split, wrong_on_half: Model
) -> None:
    told = bench.told(bench.run("judge.explain", wrong_on_half, split, pictures=12, which="unsure first", of="truth"))
    scores = [each["score"] for each in told["maps"]]
    assert scores == sorted(scores)
    assert all(each["explained"] == each["label"] for each in told["maps"])


def test_the_same_question_has_the_same_answer(bench: Workbench, split: Split, wrong_on_half: Model) -> None:
    one, other = (bench.run("judge.explain", wrong_on_half, split, pictures=2) for _ in range(2))
    assert one == other


def test_nothing_is_left_on_the_disk_of_the_model_that_was_opened(
    bench: Workbench, split: Split, wrong_on_half: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bench.run("judge.explain", wrong_on_half, split, pictures=1)
    assert list(tmp_path.iterdir()) == []
