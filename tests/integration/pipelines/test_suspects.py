"""Suspects are those of the training of a model, as far as they are still in the pictures as they are now."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.reference import Model, Split
from tests.support.drawing import class_folders
from tests.support.models import tiny_model
from tests.support.workbench import Workbench

CLASSES = {"a": 40, "b": 40, "c": 40}
FLIPPED = {f"a/from_{label}_{number:04d}.png": label for label in ("b", "c") for number in (7, 20, 33)}
"""Pictures that stand under a, and what they are."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"), width=48)


@pytest.fixture(scope="module")
def folder(bench: Workbench) -> Path:
    root = class_folders(bench.folder / "photos", CLASSES, size=40)
    for name, label in FLIPPED.items():
        (root / label / name[-8:]).rename(root / name)
    return root


@pytest.fixture(scope="module")
def split(bench: Workbench, folder: Path) -> Split:
    return bench.split(folder, test=0.25)


@pytest.fixture(scope="module")
def model(bench: Workbench, split: Split) -> Model:
    made = bench.run("train.linear", split)[0]
    assert isinstance(made, Model)
    return made


def test_wrong_labels_are_named_with_their_evidence(bench: Workbench, split: Split, model: Model, folder: Path) -> None:
    report = bench.run("judge.suspects", model, split, evidence="label")
    told = bench.told(report)
    found = {each["name"]: each for each in told["suspects"]}
    assert len(found.keys() & FLIPPED.keys()) >= 5
    for name, each in found.items():
        assert "label" in each["reasons"]
        assert each["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert each["likelier_score"] > each["label_score"]
        assert each["likelier"] == FLIPPED.get(name, each["likelier"])
    assert told["looked_at"] == told["pictures"] == 120
    assert told["label"] == len(found)
    assert report.about == "suspects"
    assert report.headline["label"] == len(found)
    (only,) = bench.told(bench.run("judge.suspects", model, split, evidence="label", most=1))["suspects"]
    assert only == told["suspects"][0]


def test_what_was_put_right_since_is_no_suspect_any_more(
    bench: Workbench, split: Split, model: Model, tmp_path: Path
) -> None:
    mended = bench.split(class_folders(tmp_path / "photos", CLASSES, size=40), test=0.25)
    before = bench.told(bench.run("judge.suspects", model, split))
    told = bench.told(bench.run("judge.suspects", model, mended))
    put_right = {each["name"] for each in before["suspects"]} & FLIPPED.keys()
    assert told["settled"] == len(put_right) >= 5
    assert told["suspicious"] == before["suspicious"] - told["settled"]
    assert (told["pictures"], told["looked_at"]) == (120, 114)


def test_without_a_model_the_pictures_are_looked_at_all_the_same(bench: Workbench, split: Split, model: Model) -> None:
    assert bench.told(bench.run("judge.suspects", None, split)) == bench.told(bench.run("judge.suspects", model, split))


def test_a_model_without_a_report_of_its_training_says_so(bench: Workbench, split: Split) -> None:
    with pytest.raises(PipelineError, match="no report of its training"):
        bench.run("judge.suspects", bench.model(tiny_model()), split)
