"""Classes, and which picture is of which."""

from __future__ import annotations

import pytest

from fenlei.datasets.browse import PictureFilter
from fenlei.datasets.create import BadValue, create_dataset
from fenlei.datasets.history import history, undo
from fenlei.datasets.labels import (
    add_label,
    delete_label,
    labels_of,
    merge_labels,
    rename_label,
    reorder_labels,
    set_label,
)
from fenlei.datasets.tending import remove_pictures, rename_picture, restore_pictures
from fenlei.store import Conflict, NotFound, Stale, Store
from tests.integration.datasets_store.filled import filled

ANIMALS = {"a": "cat", "b": "cat", "c": "dog", "d": None}


def test_pictures_pointed_at_get_a_class_in_one_change(store: Store) -> None:
    data = filled(store, ANIMALS)
    outcome = set_label(store, data.id, data.of("a", "c", "d"), data.labels["dog"], "us_1")
    assert outcome.pictures == 2, "c was a dog before"
    assert outcome.revision == data.revision == 2
    assert data.labelled() == {"a": "dog", "b": "cat", "c": "dog", "d": "dog"}
    changes, _ = history(store, data.id)
    assert [(each.kind, each.by, each.summary) for each in changes] == [
        ("label", "us_1", {"label": "dog", "pictures": 2})
    ]


def test_a_filter_labels_all_that_it_lets_through_and_nothing_else(store: Store) -> None:
    other = filled(store, ANIMALS, name="others")
    data = filled(store, ANIMALS)
    remove_pictures(store, data.id, data.of("b"))
    outcome = set_label(store, data.id, PictureFilter(label=data.labels["cat"]), None)
    assert outcome.pictures == 1
    assert data.labelled() == {"a": None, "c": "dog", "d": None}
    restore_pictures(store, data.id, data.of("b"))
    assert data.labelled()["b"] == "cat", "a removed picture is not labelled behind one's back"
    assert set_label(store, data.id, PictureFilter(labelled=False), data.labels["cat"]).pictures == 2
    assert other.labelled() == ANIMALS


def test_what_is_so_already_is_no_change(store: Store) -> None:
    data = filled(store, ANIMALS)
    outcome = set_label(store, data.id, data.of("a", "b"), data.labels["cat"])
    assert (outcome.change, outcome.pictures, outcome.revision) == (None, 0, 1)
    assert history(store, data.id) == ([], None)


def test_a_stranger_among_the_numbers_changes_nothing(store: Store) -> None:
    data, other = filled(store, ANIMALS), filled(store, {"x": None}, name="others")
    with pytest.raises(NotFound, match=f"no picture {other.numbers['x']} in this data set"):
        set_label(store, data.id, [*data.of("a"), *other.of("x")], None)
    with pytest.raises(NotFound, match="no class"):
        set_label(store, other.id, other.of("x"), data.labels["cat"])
    assert data.labelled() == ANIMALS
    assert data.revision == 1


def test_who_saw_an_older_revision_changes_nothing(store: Store) -> None:
    data = filled(store, ANIMALS)
    set_label(store, data.id, data.of("a"), None, revision=1)
    with pytest.raises(Stale, match="changed meanwhile"):
        set_label(store, data.id, data.of("b"), None, revision=1)
    assert data.labelled()["b"] == "cat"


def test_classes_keep_the_order_in_which_they_were_declared(store: Store) -> None:
    data = filled(store, ANIMALS, labels=["zebra", "cat", "dog"])
    add_label(store, data.id, "ant")
    rename_label(store, data.id, data.labels["cat"], "tiger")
    assert data.label_names() == ["zebra", "tiger", "dog", "ant"]
    order = [label.id for label in labels_of(store, data.id)][::-1]
    reorder_labels(store, data.id, order)
    assert data.label_names() == ["ant", "dog", "tiger", "zebra"]
    assert reorder_labels(store, data.id, order).change is None
    add_label(store, data.id, "bee")
    assert data.label_names() == ["ant", "dog", "tiger", "zebra", "bee"]
    for _ in range(2):
        undo(store, data.id)
    assert data.label_names() == ["zebra", "tiger", "dog", "ant"]
    for _ in range(2):
        undo(store, data.id)
    assert data.label_names() == ["zebra", "cat", "dog"]


@pytest.mark.parametrize("order", [["cat"], ["cat", "cat"], ["cat", "dog", "lb_stranger"]])
def test_an_order_names_every_class_once(sqlite_store: Store, order: list[str]) -> None:
    data = filled(sqlite_store, ANIMALS)
    with pytest.raises(BadValue, match="every class") as caught:
        reorder_labels(sqlite_store, data.id, [data.labels.get(name, name) for name in order])
    assert caught.value.field == "labels"


def test_two_classes_cannot_have_one_name(store: Store) -> None:
    data = filled(store, ANIMALS)
    with pytest.raises(Conflict, match="already a class 'dog'; merge"):
        add_label(store, data.id, " dog ")
    with pytest.raises(Conflict, match="already a class 'dog'; merge"):
        rename_label(store, data.id, data.labels["cat"], "dog")
    assert data.revision == 1
    assert history(store, data.id) == ([], None)
    elsewhere = create_dataset(store, "another")
    assert add_label(store, elsewhere.id, "dog").name == "dog"


@pytest.mark.parametrize(("name", "said"), [(" ", "needs a name"), ("a" * 201, "201 characters"), ("a\nb", "control")])
def test_a_class_cannot_be_called_anything(sqlite_store: Store, name: str, said: str) -> None:
    data = filled(sqlite_store, ANIMALS)
    with pytest.raises(BadValue, match=said) as caught:
        add_label(sqlite_store, data.id, name)
    assert (caught.value.field, caught.value.allowed) == ("name", "1 to 200 characters, no control characters")


def test_names_are_kept_composed(sqlite_store: Store) -> None:
    data = filled(sqlite_store, {})
    assert add_label(sqlite_store, data.id, "e\u0301t\u00e9").name == "\u00e9t\u00e9"
    with pytest.raises(Conflict):
        add_label(sqlite_store, data.id, "\u00e9te\u0301")


def test_merged_classes_become_one_and_come_apart_again(store: Store) -> None:
    data = filled(store, {**ANIMALS, "e": "kitten", "f": "kitten"}, labels=["kitten", "cat", "dog"])
    remove_pictures(store, data.id, data.of("f"))
    outcome = merge_labels(store, data.id, [data.labels["kitten"], data.labels["dog"]], data.labels["cat"])
    assert outcome.pictures == 2, "c and e; the removed one goes along uncounted"
    assert data.label_names() == ["cat"]
    assert data.labelled() == {"a": "cat", "b": "cat", "c": "cat", "d": None, "e": "cat"}
    undo(store, data.id)
    assert data.label_names() == ["kitten", "cat", "dog"]
    assert data.labelled() == {**ANIMALS, "e": "kitten"}
    restore_pictures(store, data.id, data.of("f"))
    assert data.labelled()["f"] == "kitten"


def test_there_must_be_something_to_merge(sqlite_store: Store) -> None:
    data = filled(sqlite_store, ANIMALS)
    with pytest.raises(BadValue, match="besides the one that stays"):
        merge_labels(sqlite_store, data.id, [data.labels["cat"]], data.labels["cat"])
    with pytest.raises(NotFound):
        merge_labels(sqlite_store, data.id, ["lb_stranger"], data.labels["cat"])


def test_pictures_of_a_deleted_class_have_none(store: Store) -> None:
    data = filled(store, ANIMALS)
    remove_pictures(store, data.id, data.of("b"))
    assert delete_label(store, data.id, data.labels["cat"]).pictures == 1
    assert data.label_names() == ["dog"]
    assert data.labelled() == {"a": None, "c": "dog", "d": None}
    assert data.labelled(PictureFilter(removed=True)) == {"b": None}
    undo(store, data.id)
    assert data.label_names() == ["cat", "dog"]
    assert data.labelled()["a"] == "cat"
    assert data.labelled(PictureFilter(removed=True)) == {"b": "cat"}
    with pytest.raises(NotFound):
        delete_label(store, data.id, "lb_stranger")


def test_removed_pictures_are_put_back_as_they_were(store: Store) -> None:
    data = filled(store, ANIMALS, split={"a": "test"})
    assert remove_pictures(store, data.id, data.of("a", "b")).pictures == 2
    assert remove_pictures(store, data.id, data.of("a")).change is None
    assert data.names() == ["c", "d"]
    assert data.names(PictureFilter(removed=True)) == ["a", "b"]
    assert restore_pictures(store, data.id, PictureFilter(split="test")).pictures == 1
    assert data.names() == ["a", "c", "d"]
    assert (data.labelled()["a"], data.splits()["a"]) == ("cat", "test")


def test_a_picture_is_found_under_its_new_name_alone(store: Store) -> None:
    data = filled(store, ANIMALS)
    remove_pictures(store, data.id, data.of("b"))
    rename_picture(store, data.id, data.numbers["a"], "Ä/1.JPG")
    assert data.names(PictureFilter(text="ä/1.jpg")) == ["Ä/1.JPG"]
    assert rename_picture(store, data.id, data.numbers["a"], "Ä/1.JPG").change is None
    for taken in "cb":
        with pytest.raises(Conflict, match="already a picture"):
            rename_picture(store, data.id, data.numbers["a"], taken)
    undo(store, data.id)
    assert data.names(PictureFilter(text="ä")) == []
    assert data.names(PictureFilter(text="A")) == ["a"]
