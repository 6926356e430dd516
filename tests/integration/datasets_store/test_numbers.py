"""The numbers of pictures that are kept equal those that counting gives, in every state that anybody can see."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from fenlei.datasets.browse import PictureFilter, browse, counts
from fenlei.datasets.create import BadValue
from fenlei.datasets.history import redo, undo
from fenlei.datasets.labels import add_label, delete_label, labels_of, merge_labels, set_label
from fenlei.datasets.moving import move_pictures
from fenlei.datasets.splits import set_split, split_dataset
from fenlei.datasets.tending import remove_pictures, restore_pictures
from fenlei.store import Conflict, NotFound, Store, together
from fenlei.store.datasets import Datasets
from tests.integration.datasets_store.filled import Filled, filled
from tests.integration.datasets_store.importing import drawn, imported, lay
from tests.support.counted import miscounted

NAMES = {f"{number:02}": ("cat", "dog", "emu", None)[number % 4] for number in range(40)}
REMOVED = PictureFilter(removed=True)
TURNS = 12


class Worker:
    """Somebody who works on two data sets at random; what another made impossible meanwhile is left."""

    def __init__(self, number: int, store: Store, one: Filled, other: Filled, folder: Path) -> None:
        self._random = random.Random(number)
        self._store, self._one, self._other, self._folder = store, one, other, folder / str(number)
        self._number = number
        self.done = 0

    def work(self) -> None:
        """All turns; every kind of work once, then in any order."""
        doing: list[Callable[[str, str], object]] = [
            lambda here, there: set_label(self._store, here, self._some(here), self._label(here)),
            lambda here, there: set_label(self._store, here, PictureFilter(labelled=False), self._label(here)),
            lambda here, there: set_split(self._store, here, self._some(here), "validation"),
            lambda here, there: split_dataset(self._store, here, "stratified", seed=self._random.randrange(9)),
            lambda here, there: remove_pictures(self._store, here, self._some(here)),
            lambda here, there: restore_pictures(self._store, here, REMOVED),
            lambda here, there: merge_labels(self._store, here, [self._label(here)], self._label(here)),
            lambda here, there: delete_label(self._store, here, self._label(here)),
            lambda here, there: move_pictures(self._store, here, self._some(here), there),
            lambda here, there: imported(self._store, self._new(), here),
            lambda here, there: (undo(self._store, here), undo(self._store, here), redo(self._store, here)),
        ]
        self._random.shuffle(doing)
        for turn in [*doing, *self._random.choices(doing, k=TURNS)]:
            here, there = self._random.sample([self._one.id, self._other.id], 2)
            try:
                turn(here, there)
                self.done += 1
            except (BadValue, Conflict, NotFound, IndexError):
                continue

    def _some(self, dataset_id: str) -> list[int]:
        with self._store.reading() as work:
            numbers = [each.id for each in work.browse.all(dataset_id)]
        return self._random.sample(numbers, min(len(numbers), 9))

    def _label(self, dataset_id: str) -> str:
        return self._random.choice(labels_of(self._store, dataset_id)).id

    def _new(self) -> Path:
        names = [f"{self._random.choice('xyz')}/{self._number}-{self._random.randrange(9)}.png" for _ in range(2)]
        return lay(self._folder / f"in-{self._random.getrandbits(40)}", drawn(*sorted(set(names))))


def test_the_numbers_are_true_in_every_state_while_many_work(store: Store, tmp_path: Path) -> None:
    one, other = (
        filled(store, NAMES),
        filled(store, {f"other {name}": label for name, label in NAMES.items()}, name="b"),
    )
    workers = [Worker(number, store, one, other, tmp_path) for number in range(3)]
    seen = set()
    with ThreadPoolExecutor(len(workers)) as pool:
        working = [pool.submit(each.work) for each in workers]
        while wait(working, timeout=0).not_done:
            with store.reading() as work:
                assert miscounted(work) == {}
                seen.add(tuple(work.datasets.get(each.id).revision for each in (one, other)))
        for each in working:
            each.result()
    assert len(seen) > 10, "hardly a state between the first and the last was seen"
    assert all(each.done > TURNS for each in workers), "most of the work was impossible"


def test_lists_and_numbers_say_the_same(store: Store) -> None:
    data = filled(store, NAMES, split={name: "train" for name in NAMES if int(name) % 3 == 0})
    remove_pictures(store, data.id, data.of("00", "01", "03"))
    with store.reading() as work:
        told = counts(work, data.id)
        for wanted, number in (
            (PictureFilter(), told.total),
            (REMOVED, told.removed),
            (PictureFilter(labelled=False), told.unlabelled),
            (PictureFilter(split="train"), told.splits["train"]),
            (PictureFilter(label=data.labels["emu"], split="none"), told.cells[data.labels["emu"]]["none"]),
        ):
            page = browse(work, data.id, wanted, limit=1000)
            assert len(page.pictures) == page.total == number > 0
        assert work.datasets.sizes([data.id, "ds_none"]) == {data.id: 37, "ds_none": 0}
        assert work.datasets.hanging(data.id).pictures == 40


def test_what_fails_leaves_the_numbers_as_they_were(store: Store) -> None:
    data = filled(store, NAMES)
    number = add_label(store, data.id, "ox").id

    def half() -> None:
        with store.writing() as work:
            work.pictures.bring_back(data.id, data.numbers["01"], {"label_id": number})
            raise Conflict("no")

    with together(store.database):
        set_label(store, data.id, data.of("00"), number)
        with pytest.raises(Conflict, match="no"):
            half()
    with store.reading() as work:
        assert counts(work, data.id).labels[number] == 1


def test_a_part_of_another_name_is_counted_too(store: Store) -> None:
    data = filled(store, NAMES, split=dict.fromkeys(list(NAMES)[:9], "holdout"))
    set_label(store, data.id, PictureFilter(), data.labels["emu"])
    with store.reading() as work:
        assert counts(work, data.id).cells == {data.labels["emu"]: {"holdout": 9, "none": 31}}


def test_a_data_set_that_goes_takes_its_numbers_along(store: Store) -> None:
    data, kept = filled(store, NAMES), filled(store, NAMES, name="kept")
    with store.writing() as work:
        Datasets(work.session).remove(data.id)
    with store.reading() as work:
        assert work.datasets.sizes([data.id, kept.id]) == {data.id: 0, kept.id: 40}
