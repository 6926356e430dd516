"""Pictures by page, by filter, in numbers; also very many of them."""

from __future__ import annotations

import itertools

import pytest

from fenlei.datasets.browse import NO_SPLIT, Counts, Page, PictureFilter, browse, counts
from fenlei.datasets.labels import set_label
from fenlei.datasets.tending import remove_pictures
from fenlei.store import NotFound, Store
from tests.integration.datasets_store.filled import Filled, filled
from tests.support.crowd import CHECKS, crowd
from tests.support.effort import counting_statements, counting_steps

MANY = 100_000
MOST_STEPS = 5_000_000
"""Of SQLite's machine for a page of a hundred thousand pictures, with the total: under a tenth of a second."""


@pytest.fixture
def data(store: Store) -> Filled:
    made = filled(
        store,
        {"cats/1.jpg": "cat", "cats/2.JPG": "cat", "dogs/100%_1.jpg": "dog", "dogs/1001.jpg": "dog", "Ärger.png": None},
        split={"cats/1.jpg": "train", "dogs/1001.jpg": "test"},
    )
    findings = [{"picture_id": each, "cluster": 1, "detail": {}} for each in made.of("cats/1.jpg", "Ärger.png")]
    with store.writing() as work:
        work.findings.replace(made.id, "exact-duplicates", 1, findings)
        work.findings.replace(made.id, "blank", 1, findings[:1])
    filled(store, {"cats/1.jpg": "cat", "elsewhere": None}, name="others")
    return made


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (PictureFilter(), ["cats/1.jpg", "cats/2.JPG", "dogs/100%_1.jpg", "dogs/1001.jpg", "Ärger.png"]),
        (PictureFilter(labelled=False), ["Ärger.png"]),
        (PictureFilter(labelled=True, split=NO_SPLIT), ["cats/2.JPG", "dogs/100%_1.jpg"]),
        (PictureFilter(split="test"), ["dogs/1001.jpg"]),
        (PictureFilter(check="exact-duplicates"), ["cats/1.jpg", "Ärger.png"]),
        (PictureFilter(check="exact-duplicates", labelled=True), ["cats/1.jpg"]),
        (PictureFilter(check="blank"), ["cats/1.jpg"]),
        (PictureFilter(check="too-small"), []),
        (PictureFilter(text=".jpg"), ["cats/1.jpg", "cats/2.JPG", "dogs/100%_1.jpg", "dogs/1001.jpg"]),
        (PictureFilter(text="0%_"), ["dogs/100%_1.jpg"]),
        (PictureFilter(text="00_"), []),
        (PictureFilter(text="ÄRGER"), ["Ärger.png"]),
        (PictureFilter(text="'"), []),
        (PictureFilter(text="", removed=True), []),
    ],
)
def test_filters_let_through_what_they_name(data: Filled, wanted: PictureFilter, found: list[str]) -> None:
    assert data.names(wanted) == found
    with data.store.reading() as work:
        assert browse(work, data.id, wanted, limit=1).total == len(found)


def test_a_name_is_found_in_whatever_case_it_is_asked_for(store: Store) -> None:
    data = filled(store, {"Straße/ÉTÉ.jpg": None, "street.jpg": None})
    for text in ("straße", "STRASSE", "été", "Été.JPG"):
        assert data.names(PictureFilter(text=text)) == ["Straße/ÉTÉ.jpg"]


def test_a_class_is_filtered_by_its_id(data: Filled) -> None:
    assert data.names(PictureFilter(label=data.labels["dog"], text="1001")) == ["dogs/1001.jpg"]
    with data.store.reading() as work, pytest.raises(NotFound, match="no class"):
        browse(work, data.id, PictureFilter(label="lb_stranger"))
    with data.store.reading() as work, pytest.raises(NotFound, match="no data set"):
        browse(work, "ds_stranger")


def test_removed_pictures_are_listed_apart_and_count_nowhere_else(data: Filled) -> None:
    remove_pictures(data.store, data.id, data.of("cats/1.jpg"))
    assert data.names(PictureFilter(removed=True)) == ["cats/1.jpg"]
    assert data.names(PictureFilter(check="exact-duplicates")) == ["Ärger.png"]
    assert data.names(PictureFilter(text="cats")) == ["cats/2.JPG"]
    cat, dog = data.labels["cat"], data.labels["dog"]
    with data.store.reading() as work:
        assert counts(work, data.id) == Counts(
            total=4,
            removed=1,
            unlabelled=1,
            labels={cat: 1, dog: 2},
            splits={NO_SPLIT: 3, "test": 1},
            cells={cat: {NO_SPLIT: 1}, dog: {NO_SPLIT: 1, "test": 1}, None: {NO_SPLIT: 1}},
        )


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_follow_each_other_without_gap_or_repetition(store: Store, newest_first: bool) -> None:
    data = filled(store, {f"p{number}": None for number in range(7)})
    seen: list[str] = []
    after = None
    for _ in range(3):
        with store.reading() as work:
            page = browse(work, data.id, None, after, 3, newest_first=newest_first)
        assert page.total == 7
        seen += [picture.name for picture in page.pictures]
        after = page.next
    assert after is None
    assert seen == [f"p{number}" for number in (range(6, -1, -1) if newest_first else range(7))]


def test_a_page_of_exactly_all_is_the_last(store: Store) -> None:
    data = filled(store, {"a": None, "b": None})
    empty = filled(store, {}, name="empty")
    with store.reading() as work:
        assert browse(work, data.id, limit=2).next is None
        assert len(browse(work, data.id, limit=0).pictures) == 1, "a page holds at least one"
        assert browse(work, empty.id).total == 0


def test_pages_do_not_shift_when_pictures_go(store: Store) -> None:
    data = filled(store, {f"p{number}": None for number in range(6)})
    with store.reading() as work:
        first = browse(work, data.id, None, None, 3)
    remove_pictures(store, data.id, data.of("p0", "p1", "p4"))
    with store.reading() as work:
        rest = browse(work, data.id, None, first.next, 3)
    assert [picture.name for picture in rest.pictures] == ["p3", "p5"]
    assert rest.total == 3


def test_a_hundred_thousand_pictures_are_listed_filtered_and_counted_at_once(sqlite_store: Store) -> None:
    dataset_id = crowd(sqlite_store, MANY)
    with sqlite_store.reading() as work:
        labels = [label.id for label in work.labels.of(dataset_id)]
        middle = work.browse.all(dataset_id)[MANY // 2].id
    filters = [
        PictureFilter(label=label, split=split, check=check, text=text)
        for label, split, check, text in itertools.product(
            (None, labels[3]), (None, "train"), (None, *CHECKS), (None, "99_0", "nowhere")
        )
    ]
    filters += [PictureFilter(labelled=False), PictureFilter(labelled=True), PictureFilter(removed=True)]
    steps = {
        (wanted, after): _steps(sqlite_store, dataset_id, wanted, after)
        for wanted in filters
        for after in (None, middle)
    }
    assert {asked: each for asked, each in steps.items() if each > MOST_STEPS} == {}
    with sqlite_store.reading() as work, counting_steps(work.session) as effort:
        found = counts(work, dataset_id)
    assert effort.steps < MOST_STEPS
    assert sum(found.labels.values()) + found.unlabelled == found.total
    assert found.total + found.removed == MANY
    # And labelled by one filter.
    with counting_statements(sqlite_store) as effort:
        outcome = set_label(sqlite_store, dataset_id, PictureFilter(), labels[0])
    assert effort.statements < MANY / 100
    assert outcome.pictures == found.total - found.labels[labels[0]]
    with sqlite_store.reading() as work:
        assert counts(work, dataset_id).labels == dict.fromkeys(labels, 0) | {labels[0]: found.total}


def _steps(store: Store, dataset_id: str, wanted: PictureFilter, after: int | None) -> int:
    """What SQLite does for one page."""
    with store.reading() as work, counting_steps(work.session) as effort:
        page: Page = browse(work, dataset_id, wanted, after)
    assert len(page.pictures) <= page.total
    return effort.steps
