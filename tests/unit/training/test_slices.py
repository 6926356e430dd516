"""Slices of the test part: those that differ are found, those that do not are not, and sources are no classes."""

from __future__ import annotations

import numpy as np
from scipy import stats

from fenlei.training.slices import LEAST, Slice, slices, sources_of


def differing(found: list[Slice]) -> list[tuple[str, str]]:
    return [(each.kind, each.name) for each in found if each.differs]


def test_the_dark_pictures_stand_out_where_they_are_called_wrong() -> None:
    light = np.linspace(0.1, 0.9, 200)
    right = light > 0.25
    found = slices({"brightness": light, "sharpness": np.tile([10.0, 20.0, 30.0, 40.0], 50)}, [None] * 200, right)
    assert [each.kind for each in found] == ["brightness"] * 4 + ["sharpness"] * 4
    dark = found[0]
    assert dark.differs
    assert (dark.low, dark.pictures) == (0.1, 50)
    assert dark.accuracy == dark.right / 50 == right[:50].mean()
    assert dark.difference < -0.5
    assert dark.interval[0] <= dark.accuracy <= dark.interval[1]
    assert not any(each.differs for each in found if each.kind == "sharpness")


def test_chance_alone_differs_in_one_report_of_twenty_at_most() -> None:
    rng = np.random.default_rng(5)
    reports = 0
    for _ in range(300):
        measures = {kind: rng.normal(size=160) for kind in ("brightness", "sharpness", "pixels")}
        found = slices(measures, list(rng.choice(["a", "b", "c"], 160)), rng.random(160) < 0.85)
        reports += bool(differing(found))
    # 21 of 300 are the upper end of what one in twenty gives (binomial, 95 %).
    assert reports <= stats.binom.ppf(0.95, 300, 0.05)


def test_equal_values_stay_in_one_slice_and_one_slice_is_none() -> None:
    right = np.ones(60, bool)
    assert slices({"pixels": np.full(60, 1024.0)}, [None] * 60, right) == []
    two = slices({"pixels": np.repeat([100.0, 400.0], 30)}, [None] * 60, right)
    assert [(each.low, each.high, each.pictures) for each in two] == [(100.0, 100.0, 30), (400.0, 400.0, 30)]


def test_few_pictures_say_nothing() -> None:
    few = 2 * LEAST - 1
    assert slices({"brightness": np.linspace(0, 1, few)}, ["a", "b"] * 7 + ["a"], np.ones(few, bool)) == []


def test_pictures_that_are_gone_are_in_no_slice() -> None:
    values = np.linspace(0, 1, 80)
    values[:40] = np.nan
    found = slices({"brightness": values}, [None] * 80, np.ones(80, bool))
    assert sum(each.pictures for each in found) == 40


def test_a_source_is_a_folder_below_the_class_or_the_beginning_of_a_name() -> None:
    labels = ["cat", "cat", "dog", "dog"]
    folders = ["test/cat/home/1.jpg", "test/cat/zoo/2.jpg", "test/dog/home/3.jpg", "test/dog/4.jpg"]
    assert sources_of(folders, labels) == ["home", "zoo", "home", None]
    names = ["cat/IMG_0001.jpg", "cat/DSC00012.jpg", "dog/IMG_0044.jpg", "dog/0003.jpg"]
    assert sources_of(names, labels) == ["IMG", "DSC", "IMG", None]
    # Names that only repeat the class say nothing of where a picture comes from.
    assert sources_of(["cat/cat_1.jpg", "cat/cat_2.jpg", "dog/dog_1.jpg", "dog/dog_9.jpg"], labels) == [None] * 4


def test_a_bad_camera_is_found() -> None:
    sources = ["IMG"] * 60 + ["DSC"] * 40 + [None] * 20
    right = np.array([True] * 58 + [False] * 2 + [True] * 20 + [False] * 20 + [True] * 20)
    found = slices({}, sources, right)
    assert [(each.name, each.pictures) for each in found] == [("DSC", 40), ("IMG", 60)]
    assert ("source", "DSC") in differing(found)
