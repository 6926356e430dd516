"""Compare holds models against each other picture by picture, on pictures that none of them has learned from."""

from __future__ import annotations

import hashlib

import pytest

from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.pictures import content
from fenlei.pipelines.reference import Model, Split
from fenlei.training.picture_list import DIGITS, FILE, Listed, write_list
from tests.support.cornered import SWAPPED, corner_folders, corner_model
from tests.support.models import CORNERS
from tests.support.workbench import Workbench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def split(bench: Workbench) -> Split:
    return bench.split(corner_folders(bench.folder / "photos", 10), test=0.5)


@pytest.fixture(scope="module")
def right(bench: Workbench) -> Model:
    return bench.model(corner_model(bench.folder))


@pytest.fixture(scope="module")
def wrong_on_half(bench: Workbench) -> Model:
    return bench.model(corner_model(bench.folder, SWAPPED))


def test_the_better_model_is_told_picture_by_picture(
    bench: Workbench, split: Split, right: Model, wrong_on_half: Model
) -> None:
    report = bench.run("judge.compare", wrong_on_half, right, None, split)
    told = bench.told(report)
    assert [each["accuracy"] for each in told["models"]] == [0.5, 1.0]
    assert told["pictures"] == split.parts["test"] == 20
    (pair,) = told["pairs"]
    assert (pair["one"], pair["other"]) == ("first", "second")
    assert (pair["versus"]["only_old"], pair["versus"]["only_new"]) == (0, 10)
    assert pair["versus"]["chance"] == 1.0
    assert pair["versus"]["difference_interval"][0] > 0
    assert {each["label"] for each in pair["versus"]["per_class"][-2:]} == {"bottom_left", "bottom_right"}
    assert report.about == "comparison"
    assert report.headline["difference"] == 0.5


def test_three_models_are_held_against_each_other_by_the_same_pictures(
    bench: Workbench, split: Split, right: Model, wrong_on_half: Model
) -> None:
    told = bench.told(bench.run("judge.compare", right, wrong_on_half, right, split))
    assert [(each["one"], each["other"]) for each in told["pairs"]] == [
        ("first", "second"),
        ("first", "third"),
        ("second", "third"),
    ]
    assert told["pairs"][1]["versus"]["difference"] == 0
    assert {each["versus"]["pictures"] for each in told["pairs"]} == {20}


def test_pictures_that_one_has_learned_from_are_left_out(bench: Workbench, split: Split, wrong_on_half: Model) -> None:
    tested = [each for each in content(bench.context, split).entries if each.split == "test"]
    learned = tested[:7]
    listed = write_list([Listed(each.name, "any", "train", each.sha256[:DIGITS]) for each in learned])
    knows_some = bench.model(corner_model(bench.folder, report={FILE: listed}))
    told = bench.told(bench.run("judge.compare", wrong_on_half, knows_some, None, split))
    assert (told["pictures"], told["left_out"]) == (13, 7)
    assert [each["learned"] for each in told["models"]] == [0, 0]


def test_pictures_whose_class_one_does_not_know_are_left_out_and_counted(
    bench: Workbench, split: Split, right: Model
) -> None:
    other = bench.model(corner_model(bench.folder, ("elsewhere", *CORNERS[1:])))
    told = bench.told(bench.run("judge.compare", right, other, None, split))
    assert (told["pictures"], told["unknown"]) == (15, 5)
    strange = bench.model(corner_model(bench.folder, ("e", "f", "g", "h")))
    with pytest.raises(PipelineError, match="of a class this model knows: e, f, g, h"):
        bench.run("judge.compare", right, strange, None, split)


def test_models_that_know_no_class_in_common_are_told_apart(bench: Workbench, split: Split) -> None:
    one = bench.model(corner_model(bench.folder, (CORNERS[0], "f", "g", "h")))
    other = bench.model(corner_model(bench.folder, ("e", CORNERS[1], "g", "h")))
    with pytest.raises(PipelineError, match="of a class that all models know: the first knows bottom_left"):
        bench.run("judge.compare", one, other, None, split)


def test_a_model_whose_bytes_are_others_is_refused(bench: Workbench, split: Split, right: Model) -> None:
    digest = hashlib.sha256(b"nothing").hexdigest()
    gone = Model(digest=digest, labels=right.labels, bytes=1)
    with pytest.raises(Exception, match=digest):
        bench.run("judge.compare", right, gone, None, split)
