"""Parts: drawn when asked, kept otherwise."""

from __future__ import annotations

from collections import Counter

import pytest

from fenlei.datasets.browse import PictureFilter
from fenlei.datasets.create import BadValue
from fenlei.datasets.history import history, undo
from fenlei.datasets.labels import set_label
from fenlei.datasets.splits import set_split, split_dataset
from fenlei.datasets.tending import remove_pictures
from fenlei.store import Conflict, NotFound, Stale, Store
from tests.integration.datasets_store.filled import Filled, filled

CATS = {f"cat{number}": "cat" for number in range(20)}
DOGS = {f"dog{number}": "dog" for number in range(10)}
HALVES = {"train": 0.5, "test": 0.5}


def _per_part(data: Filled, *beginnings: str) -> dict[str | None, int]:
    return dict(Counter(part for name, part in data.splits().items() if name.startswith(beginnings)))


def test_every_class_has_its_share_of_every_part(store: Store) -> None:
    data = filled(store, CATS | DOGS | {"none": None})
    outcome = split_dataset(store, data.id, "stratified", seed=3, by="us_1")
    assert outcome.pictures == 30
    assert _per_part(data, "cat") == {"train": 16, "validation": 2, "test": 2}
    assert _per_part(data, "dog") == {"train": 8, "validation": 1, "test": 1}
    assert data.splits()["none"] is None
    ((change,), _) = history(store, data.id)
    assert change.summary == {
        "method": "stratified",
        "fill": False,
        "pictures": 30,
        "fractions": {"train": 0.8, "validation": 0.1, "test": 0.1},
        "seed": 3,
    }
    assert (change.kind, change.by) == ("split", "us_1")


def test_the_seed_decides_and_undo_brings_the_former_parts_back(store: Store) -> None:
    data = filled(store, CATS | DOGS)
    split_dataset(store, data.id, "stratified", fractions=HALVES, seed=1)
    first = data.splits()
    assert split_dataset(store, data.id, "stratified", fractions=HALVES, seed=1).change is None
    split_dataset(store, data.id, "stratified", fractions=HALVES, seed=2)
    assert data.splits() != first
    undo(store, data.id)
    assert data.splits() == first
    undo(store, data.id)
    assert set(data.splits().values()) == {None}


def test_groups_and_copies_and_duplicates_stay_together(store: Store) -> None:
    same = {f"cat{number}": "c" * 64 for number in (0, 7)}
    group = {f"cat{number}": "burst" for number in (7, 8, 9)} | {"dog0": "burst"}
    data = filled(store, CATS | DOGS, sha256=same, group=group)
    near = [data.numbers["cat9"], data.numbers["dog9"], data.numbers["dog8"]]
    with store.writing() as work:
        rows = [{"picture_id": each, "cluster": 4, "detail": {}} for each in near]
        work.findings.replace(data.id, "near-duplicates", 1, rows)
    for seed in range(8):
        split_dataset(store, data.id, "stratified", fractions=HALVES, seed=seed)
        parts = data.splits()
        together = {parts[name] for name in ("cat0", "cat7", "cat8", "cat9", "dog0", "dog8", "dog9")}
        assert len(together) == 1, seed


def test_new_pictures_are_in_no_part_until_asked_and_then_the_others_stay(store: Store) -> None:
    data = filled(store, CATS | DOGS | {f"new{number}": None for number in range(10)})
    split_dataset(store, data.id, "stratified")
    before = data.splits()
    set_label(store, data.id, PictureFilter(labelled=False), data.labels["dog"])
    assert data.splits() == before, "a class alone draws nothing"
    outcome = split_dataset(store, data.id, "stratified", fill=True)
    assert outcome.pictures == 10
    after = data.splits()
    assert {name: part for name, part in after.items() if not name.startswith("new")} == {
        name: part for name, part in before.items() if not name.startswith("new")
    }
    assert _per_part(data, "dog", "new") == {"train": 16, "validation": 2, "test": 2}


def test_filling_up_puts_pictures_beside_their_copies(store: Store) -> None:
    group = {"cat0": "g", "new0": "g", "cat1": "h", "new1": "h"}
    data = filled(store, CATS | {"new0": "cat", "new1": "cat"}, group=group)
    set_split(store, data.id, PictureFilter(), "train")
    set_split(store, data.id, data.of("cat0"), "test")
    set_split(store, data.id, data.of("new0", "new1"), None)
    split_dataset(store, data.id, "stratified", fractions=HALVES, fill=True)
    assert (data.splits()["new0"], data.splits()["new1"]) == ("test", "train")


def test_filling_up_little_by_little_keeps_the_shares(store: Store) -> None:
    data = filled(store, {f"p{number}": None for number in range(40)}, labels=["cat"])
    for start in range(0, 40, 2):
        names = [f"p{number}" for number in (start, start + 1)]
        set_label(store, data.id, data.of(*names), data.labels["cat"])
        split_dataset(store, data.id, "stratified", fill=True, seed=start)
    assert Counter(data.splits().values()) == {"train": 32, "validation": 4, "test": 4}


def test_what_imports_brought_comes_back(store: Store) -> None:
    brought = {"cat0": "test", "cat1": "validation"} | dict.fromkeys(DOGS, "train")
    data = filled(store, CATS | DOGS, split=brought, given_split=brought)
    split_dataset(store, data.id, "stratified", fractions=HALVES)
    split_dataset(store, data.id, "column")
    assert data.splits() == dict.fromkeys(CATS) | brought
    set_split(store, data.id, data.of("dog0", "cat5"), "test")
    set_split(store, data.id, data.of("cat0"), None)
    assert split_dataset(store, data.id, "column", fill=True).pictures == 1
    assert data.splits() == dict.fromkeys(CATS) | brought | {"dog0": "test", "cat5": "test"}


def test_parts_are_cleared_and_undone(store: Store) -> None:
    data = filled(store, CATS, split=dict.fromkeys(CATS, "train"))
    assert split_dataset(store, data.id, "clear").pictures == 20
    assert set(data.splits().values()) == {None}
    undo(store, data.id)
    assert set(data.splits().values()) == {"train"}


def test_removed_pictures_are_not_drawn(store: Store) -> None:
    data = filled(store, CATS)
    remove_pictures(store, data.id, data.of("cat0"))
    assert split_dataset(store, data.id, "stratified").pictures == 19
    assert [picture.split for picture in data.pictures(PictureFilter(removed=True))] == [None]


@pytest.mark.parametrize(
    ("fractions", "said"),
    [
        ({"train": 0.5, "test": 0.4}, "train 0.5, validation 0, test 0.4; together they are 1"),
        ({"train": 1.5, "test": -0.5}, "together they are 1"),
        ({"train": float("nan"), "test": 0.5}, "together they are 1"),
        ({"validation": 0.5, "test": 0.5}, "nothing to learn from"),
        ({"train": 0.9, "dev": 0.1}, "no part 'dev'"),
    ],
)
def test_shares_that_make_no_whole_are_refused(sqlite_store: Store, fractions: dict[str, float], said: str) -> None:
    data = filled(sqlite_store, CATS)
    with pytest.raises(BadValue, match=said) as caught:
        split_dataset(sqlite_store, data.id, "stratified", fractions=fractions)
    assert caught.value.field == "fractions"
    assert data.revision == 1


def test_what_cannot_be_drawn_is_said(sqlite_store: Store) -> None:
    data = filled(sqlite_store, {"a": None})
    with pytest.raises(Conflict, match="No picture has a class yet"):
        split_dataset(sqlite_store, data.id, "stratified")
    with pytest.raises(Conflict, match="No picture came with a part"):
        split_dataset(sqlite_store, data.id, "column")
    with pytest.raises(BadValue, match="no way 'random'"):
        split_dataset(sqlite_store, data.id, "random")
    with pytest.raises(BadValue, match="no part 'exam'"):
        set_split(sqlite_store, data.id, data.of("a"), "exam")
    with pytest.raises(NotFound):
        split_dataset(sqlite_store, "ds_stranger", "clear")
    with pytest.raises(Stale):
        split_dataset(sqlite_store, data.id, "clear", revision=7)


def test_everything_may_go_to_the_training_part(sqlite_store: Store) -> None:
    data = filled(sqlite_store, CATS | {"lonely": "emu"})
    split_dataset(sqlite_store, data.id, "stratified", fractions={"train": 1})
    assert set(data.splits().values()) == {"train"}
    split_dataset(sqlite_store, data.id, "stratified", fractions=HALVES)
    assert data.splits()["lonely"] == "train", "a class of one picture is learned"
