"""Where the test part was held out, what ships learns from it in the end; its labels have no say in what wins."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

import fenlei
from fenlei.backbones.shelf import Shelf
from fenlei.datasets import FoundPictures, Item, scan
from fenlei.modelfile import pack, write
from fenlei.training.earlier import Earlier, read_earlier
from fenlei.training.finish import Trained
from fenlei.training.picture_list import DIGITS, learned_digests
from fenlei.training.progress import Stage
from fenlei.training.train import rebuild, train
from tests.support.hurried import hurry
from tests.support.selection import line_of_each
from tests.support.tunable import leaning_folders
from tests.support.tuning import SETTINGS

ANEW = "fine-tuned network, anew from everything"
OTHER = {"lean0": "lean1", "lean1": "lean0"}


@pytest.fixture(autouse=True, scope="module")
def made_for_tiny_networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch.setattr, replace(SETTINGS, mixing=0.0))
        yield


class Turned(NamedTuple):
    """Two searches that differ in the labels of the part that was held out, and what the second was asked of.

    Attributes:
        plain: of the pictures as they are.
        other: with the test part turned around: most pictures of all, so that who learns from everything learns that.
        photos: the folder.
        earlier: says who is held out.
        cache: of the second.
    """

    plain: Trained
    other: Trained
    photos: Path
    earlier: Earlier
    cache: Path

    def pictures(self) -> FoundPictures:
        """With the test part turned around."""
        return turned(self.photos, self.earlier)


def digest_of(item: Item) -> str:
    return hashlib.sha256(item.read()).hexdigest()[:DIGITS]


def turned(photos: Path, earlier: Earlier) -> FoundPictures:
    found = scan(photos)
    items = []
    for item in found.items:
        held_out = earlier.pictures[digest_of(item)].part == "test"
        label = OTHER[item.label] if held_out else item.label
        items.append(Item(item.name, label, item.part, functools.partial(bytes, item.read())))
    return FoundPictures(found.labels, items, found.skipped)


begun: Counter[int] = Counter()
"""Trainings that the last call began, by their steps."""


def told(stage: Stage, done: int, total: int) -> None:
    if stage is Stage.TUNE and done == 0 and total > 1:
        begun[total] += 1


@pytest.fixture(scope="module")
def both(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Turned:
    where = tmp_path_factory.mktemp("both")
    photos = leaning_folders(where / "photos", 150, kinds=2)
    plain = train(photos, cache=where / "a", goal="accurate", budget=900, backbone=str(network), test_fraction=0.6)
    found = read_earlier(plain.model)
    earlier = Earlier(found.labels, found.pictures)
    other = train(
        lambda: turned(photos, earlier),
        cache=where / "b",
        goal="accurate",
        budget=900,
        backbone=str(network),
        test_fraction=0.6,
        since=earlier,
    )
    return Turned(plain, other, photos, earlier, where / "b")


def test_labels_of_the_part_that_was_held_out_decide_neither_lines_nor_winner(both: Turned) -> None:
    plain, other = both.plain, both.other
    assert plain.report.test_origin == other.report.test_origin == "held out"
    assert plain.report.recipe.head == ANEW
    assert plain.report.recipe.refitted
    assert line_of_each(other) == line_of_each(plain)
    assert other.evaluation.accuracy == pytest.approx(1 - plain.evaluation.accuracy)


def test_where_learning_from_everything_goes_wrong_the_network_that_was_judged_by_the_test_part_ships_and_it_is_said(
    both: Turned, tmp_path: Path
) -> None:
    report = both.other.report
    assert report.recipe.head == ANEW
    assert not report.recipe.refitted
    assert report.recipe.fitted_on == report.train_pictures == 120
    assert "24 pictures that it has learned from" in str(report.recipe.spoiled)
    (said,) = [each for each in report.advice if each.rule == "what-learned-from-all-went-wrong"]
    assert "120" in said.en
    assert "120" in said.zh
    assert b"The figures belong to exactly the model you have." in both.other.model.report["index.html"]
    assert report.unknown is not None
    assert report.unknown.carried
    test = {each.digest for each in both.earlier.pictures.values() if each.part == "test"}
    assert not learned_digests(both.other.model) & test

    write(tmp_path / "m.fenlei", both.other.model)
    asked = [each for each in sorted(both.photos.rglob("*.png")) if _digest(each) in test]
    with fenlei.load(tmp_path / "m.fenlei") as model:
        answers = model.predict(asked)
    right = sum(each.label == OTHER[path.parent.name] for each, path in zip(answers, asked, strict=True))
    assert right == round(both.other.evaluation.accuracy * len(asked))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]


def test_it_is_made_again_to_the_same_file_and_more_time_learns_it_from_everything_no_more(
    both: Turned, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun.clear()
    more = train(
        both.pictures,
        cache=both.cache,
        goal="accurate",
        budget=1800,
        backbone=str(network),
        test_fraction=0.6,
        since=both.earlier,
        progress=told,
    )
    assert not begun
    assert more.report.recipe == both.other.report.recipe
    assert more.model.manifest.backbone == both.other.model.manifest.backbone
    # What went wrong leaves no network behind: there is the winner, and the one that it was judged by.
    assert len([*Shelf(both.cache).tuned()]) == 2

    monkeypatch.chdir(network.parent)
    again = rebuild(both.other.model, both.pictures, cache=tmp_path / "elsewhere", progress=told)
    assert hashlib.sha256(pack(again.model)).hexdigest() == hashlib.sha256(pack(both.other.model)).hexdigest()
    assert begun.total() == 2  # it is known what would come of the third
