"""What was changed, undone and done again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fenlei.datasets.browse import PictureFilter
from fenlei.datasets.create import BadValue
from fenlei.datasets.history import history, note_import, redo, undo
from fenlei.datasets.labels import add_label, delete_label, merge_labels, rename_label, reorder_labels, set_label
from fenlei.datasets.moving import move_pictures
from fenlei.datasets.splits import set_split
from fenlei.datasets.tending import remove_pictures, rename_picture, restore_pictures
from fenlei.store import Conflict, NotFound, Stale, Store
from tests.integration.datasets_store.filled import Filled, filled
from tests.integration.datasets_store.importing import drawn, imported, lay

ANIMALS = {"a": "cat", "b": "cat", "c": "dog", "d": None}

DO: dict[str, Callable[[Store, Filled], object]] = {
    "label": lambda store, data: set_label(store, data.id, data.of("a", "d"), data.labels["dog"]),
    "unlabel": lambda store, data: set_label(store, data.id, PictureFilter(), None),
    "add": lambda store, data: add_label(store, data.id, "emu"),
    "rename": lambda store, data: rename_label(store, data.id, data.labels["cat"], "tiger"),
    "order": lambda store, data: reorder_labels(store, data.id, [data.labels[each] for each in ("dog", "cat")]),
    "merge": lambda store, data: merge_labels(store, data.id, [data.labels["cat"]], data.labels["dog"]),
    "delete": lambda store, data: delete_label(store, data.id, data.labels["cat"]),
    "remove": lambda store, data: remove_pictures(store, data.id, data.of("a", "d")),
    "restore": lambda store, data: restore_pictures(store, data.id, data.of("gone")),
    "name": lambda store, data: rename_picture(store, data.id, data.numbers["c"], "z"),
    "split": lambda store, data: set_split(store, data.id, PictureFilter(labelled=True), "test"),
}


def _state(data: Filled) -> object:
    removed = PictureFilter(removed=True)
    return data.label_names(), data.labelled(), data.labelled(removed), data.splits(), data.names(removed)


@pytest.fixture
def data(store: Store) -> Filled:
    made = filled(store, {**ANIMALS, "gone": "dog"})
    remove_pictures(store, made.id, made.of("gone"))
    return made


@pytest.mark.parametrize("kind", DO)
def test_every_kind_of_change_is_undone_and_done_again(store: Store, data: Filled, kind: str) -> None:
    before = _state(data)
    DO[kind](store, data)
    after = _state(data)
    assert after != before
    for _ in range(2):
        undo(store, data.id)
        assert _state(data) == before
        redo(store, data.id)
        assert _state(data) == after


def test_all_of_them_are_undone_one_after_the_other(store: Store, data: Filled) -> None:
    states = [_state(data)]
    for each in ("label", "split", "order", "add", "rename", "name", "remove", "merge"):
        DO[each](store, data)
        states.append(_state(data))
    for state in states[-2::-1]:
        undo(store, data.id)
        assert _state(data) == state
    for state in states[1:]:
        redo(store, data.id)
        assert _state(data) == state
    with pytest.raises(Conflict, match="nothing to redo"):
        redo(store, data.id)


def test_nothing_is_left_to_undo_in_the_end(store: Store) -> None:
    fresh = filled(store, ANIMALS)
    with pytest.raises(Conflict, match="nothing to undo"):
        undo(store, fresh.id)
    with pytest.raises(Conflict, match="nothing to redo"):
        redo(store, fresh.id)


def test_another_change_makes_redoing_impossible(store: Store, data: Filled) -> None:
    DO["label"](store, data)
    undo(store, data.id)
    DO["rename"](store, data)
    with pytest.raises(Conflict, match="nothing to redo"):
        redo(store, data.id)
    undo(store, data.id)
    redo(store, data.id)
    undo(store, data.id)
    undo(store, data.id)
    assert "gone" in data.names(), "before the label was the removal of the beginning"
    with pytest.raises(Conflict, match="nothing to undo"):
        undo(store, data.id)


def test_undoing_puts_back_what_it_changed_and_nothing_else(store: Store, data: Filled) -> None:
    DO["label"](store, data)
    with store.writing() as work:  # an import, which does not ask
        found = work.pictures.declare_labels(data.id, ["fox"])
        row = work.pictures.get(data.numbers["a"])
        values = {"split": "train", "group": "g", "width": row.width}
        work.pictures.bring_back(data.id, data.numbers["a"], values)
    undo(store, data.id)
    assert data.labelled()["a"] == "cat"
    assert data.splits()["a"] == "train"
    assert data.label_names() == ["cat", "dog", "fox"]
    assert found["fox"]


def test_pictures_that_came_to_a_class_since_lose_it_with_the_class(store: Store) -> None:
    data = filled(store, ANIMALS)
    label = add_label(store, data.id, "emu")
    with store.writing() as work:  # an import, which does not ask
        work.pictures.bring_back(data.id, data.numbers["d"], {"label_id": label.id})
    undo(store, data.id)
    assert data.label_names() == ["cat", "dog"]
    assert data.labelled() == ANIMALS
    redo(store, data.id)
    assert data.labelled() == {**ANIMALS, "d": "emu"}


def test_a_name_that_is_taken_by_now_stops_the_undoing_with_a_sentence(store: Store) -> None:
    data = filled(store, ANIMALS)
    rename_label(store, data.id, data.labels["cat"], "tiger")
    with store.writing() as work:
        work.pictures.declare_labels(data.id, ["cat"])
    with pytest.raises(Conflict, match="already a class 'cat'"):
        undo(store, data.id)
    assert data.label_names() == ["tiger", "dog", "cat"]


def test_the_history_says_who_did_what_and_what_was_undone(store: Store) -> None:
    data = filled(store, ANIMALS)
    set_label(store, data.id, data.of("a"), None, "us_anna")
    add_label(store, data.id, "emu", "us_bob")
    undo(store, data.id, "us_carl")
    found, following = history(store, data.id, limit=2)
    assert [(each.kind, each.by, each.undone_at is None) for each in found] == [
        ("undo", "us_carl", True),
        ("add-label", "us_bob", False),
    ]
    assert found[0].undoes == found[1].id
    assert found[0].summary["kind"] == "add-label"
    assert found[0].summary["summary"] == {"label": "emu"}
    assert following is not None
    rest, following = history(store, data.id, following, limit=2)
    assert [(each.kind, each.by) for each in rest] == [("label", "us_anna")]
    assert following is None


def test_the_history_is_of_one_data_set(store: Store) -> None:
    data, other = filled(store, ANIMALS), filled(store, ANIMALS, name="others")
    set_label(store, other.id, other.of("a"), None)
    assert history(store, data.id) == ([], None)
    with pytest.raises(Conflict):
        undo(store, data.id)
    assert other.labelled()["a"] is None


def test_every_change_raises_the_revision(store: Store, data: Filled) -> None:
    for number, each in enumerate(DO.values(), start=1):
        before = data.revision
        each(store, data)
        assert data.revision == before + 1, number
        undo(store, data.id)
        redo(store, data.id)
        undo(store, data.id)
        assert data.revision == before + 4
        with pytest.raises(Stale):
            undo(store, data.id, revision=before)
        with pytest.raises(Stale):
            redo(store, data.id, revision=before)


def test_an_import_is_undone_by_removing_what_it_brought(store: Store) -> None:
    data = filled(store, ANIMALS, import_id={"a": "im_1", "c": "im_2", "d": "im_2"})
    with store.writing() as work:
        work.datasets.lock(data.id)
        assert note_import(work, data.id, "im_nothing", None) is None
        change = note_import(work, data.id, "im_2", "us_1")
    assert change is not None
    assert change.summary == {"import": "im_2", "pictures": 2}
    undo(store, data.id)
    assert data.names() == ["a", "b"]
    redo(store, data.id)
    assert data.labelled() == ANIMALS


def test_undoing_goes_through_imports_like_through_other_changes(store: Store, tmp_path: Path) -> None:
    first, second = drawn("cat/1.png", "dog/2.png", "dog/3.png"), drawn("cat/1.png", "emu/4.png", "emu/5.png")
    dataset_id, _ = imported(store, lay(tmp_path / "first", first))
    data = Filled(store, dataset_id, {}, {})
    remove_pictures(store, dataset_id, PictureFilter(text="3.png"))
    imported(store, lay(tmp_path / "second", second), dataset_id)
    assert sorted(data.names()) == ["cat/1.png", "dog/2.png", "emu/4.png", "emu/5.png"]
    assert [each.kind for each in history(store, dataset_id)[0]] == ["import", "remove", "import"]
    undo(store, dataset_id)
    assert data.names() == ["cat/1.png", "dog/2.png"]
    undo(store, dataset_id)
    assert data.names() == ["cat/1.png", "dog/2.png", "dog/3.png"]
    undo(store, dataset_id)
    assert data.names() == []
    for _ in range(3):
        redo(store, dataset_id)
    assert sorted(data.names()) == ["cat/1.png", "dog/2.png", "emu/4.png", "emu/5.png"]


def test_two_at_once_change_one_after_the_other(store: Store) -> None:
    data = filled(store, {f"p{number}": None for number in range(12)}, labels=["cat", "dog"])

    def work(number: int) -> None:
        for each in range(3):
            set_label(store, data.id, data.of(f"p{number * 3 + each}"), data.labels["cat"], f"us_{number}")

    assert _at_once(4, work) == []
    assert data.revision == 13
    assert set(data.labelled().values()) == {"cat"}
    assert len(history(store, data.id)[0]) == 12


def _at_once(count: int, work: Callable[[int], object]) -> list[Exception]:
    """Let threads do something at the same time; returns what went wrong."""
    start, failed = threading.Barrier(count), []

    def run(number: int) -> None:
        try:
            start.wait(30)
            work(number)
        except Exception as exc:  # noqa: BLE001 (told to whoever asked)
            failed.append(exc)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return failed


# Moving


def test_pictures_move_with_class_and_group_and_without_part(store: Store) -> None:
    data = filled(store, ANIMALS, split={"a": "test"}, given_split={"a": "test"}, group={"a": "g"})
    other = filled(store, {"x": "dog"}, name="others")
    moved = move_pictures(store, data.id, data.of("a", "c", "d"), other.id, "us_1")
    assert (moved.pictures, moved.renamed, moved.already_there, moved.revision) == (3, 0, 0, 2)
    assert data.labelled() == {"b": "cat"}
    assert other.labelled() == {"x": "dog", "a": "cat", "c": "dog", "d": None}
    assert other.label_names() == ["dog", "cat"]
    (picture,) = other.pictures(PictureFilter(text="a"))
    assert (picture.split, picture.given_split, picture.group) == (None, "test", "g")
    assert other.revision == 2
    (out,), (into,) = history(store, data.id)[0], history(store, other.id)[0]
    assert (out.kind, out.by, into.kind, into.by) == ("move-out", "us_1", "move-in", "us_1")
    assert out.summary == {"pictures": 3, "to": {"id": other.id, "name": "others"}}
    assert into.summary == {"pictures": 3, "from": {"id": data.id, "name": "animals"}, "renamed": 0}


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_move_is_undone_in_both_data_sets_from_either(store: Store, side: str) -> None:
    data, other = filled(store, ANIMALS), filled(store, {"x": "dog"}, name="others")
    move_pictures(store, data.id, PictureFilter(label=data.labels["cat"]), other.id)
    here = data if side == "source" else other
    for _ in range(2):
        undo(store, here.id)
        assert data.labelled() == ANIMALS
        assert other.labelled() == {"x": "dog"}
        assert other.label_names() == ["dog"]
        redo(store, here.id)
        assert data.names() == ["c", "d"]
        assert other.labelled() == {"x": "dog", "a": "cat", "b": "cat"}
        assert other.label_names() == ["dog", "cat"]


def test_a_move_is_not_undone_over_what_was_done_since(store: Store) -> None:
    data, other = filled(store, ANIMALS), filled(store, {"x": "dog"}, name="others")
    move_pictures(store, data.id, data.of("a"), other.id)
    set_label(store, other.id, PictureFilter(), None)
    with pytest.raises(Conflict, match="'others', which was changed since"):
        undo(store, data.id)
    undo(store, other.id)
    undo(store, data.id)
    assert data.labelled() == ANIMALS
    set_label(store, other.id, PictureFilter(), None)
    with pytest.raises(Conflict, match="'others', which was changed since"):
        redo(store, data.id)


def test_pictures_can_be_moved_to_and_fro(store: Store) -> None:
    data, other = filled(store, ANIMALS), filled(store, {"x": "dog"}, name="others")
    move_pictures(store, data.id, PictureFilter(), other.id)
    assert data.names() == []
    set_label(store, other.id, PictureFilter(text="d"), other.labels["dog"])
    moved = move_pictures(store, other.id, PictureFilter(), data.id)
    assert moved.pictures == 5
    assert data.labelled() == {"a": "cat", "b": "cat", "c": "dog", "d": "dog", "x": "dog"}
    assert len(data.names()) == 5, "those that come back are the rows that left"
    undo(store, data.id)
    assert other.labelled() == {"x": "dog", "a": "cat", "b": "cat", "c": "dog", "d": "dog"}
    assert data.names() == []


def test_a_taken_name_is_no_obstacle_to_a_move(store: Store) -> None:
    same = {"cats/b.jpg": b"B".hex() * 32}
    data = filled(store, {"cats/a.jpg": "cat", "cats/b.jpg": "cat", "cats/a (2).jpg": "cat"}, sha256=same)
    different = {"cats/a.jpg": "0" * 64} | same
    other = filled(store, {"cats/a.jpg": "cat", "cats/b.jpg": None}, name="others", sha256=different)
    moved = move_pictures(store, data.id, PictureFilter(), other.id)
    assert (moved.pictures, moved.renamed, moved.already_there) == (3, 1, 1)
    assert other.labelled() == {
        "cats/a.jpg": "cat",
        "cats/b.jpg": None,
        "cats/a (2).jpg": "cat",
        "cats/a (3).jpg": "cat",
    }
    assert data.names() == []
    undo(store, other.id)
    assert other.names() == ["cats/a.jpg", "cats/b.jpg"]
    assert len(data.names()) == 3


def test_what_is_there_already_only_leaves(store: Store) -> None:
    data, other = filled(store, ANIMALS), filled(store, ANIMALS, name="others")
    moved = move_pictures(store, data.id, PictureFilter(), other.id)
    assert (moved.into, moved.pictures, moved.already_there) == (None, 4, 4)
    assert other.revision == 1
    undo(store, data.id)
    assert data.labelled() == other.labelled() == ANIMALS
    assert move_pictures(store, data.id, [], other.id).out is None


def test_moves_that_cross_do_not_wait_for_each_other(store: Store) -> None:
    data, other = filled(store, ANIMALS), filled(store, {"x": "dog"}, name="others")
    moves = [(data, "a", other), (other, "x", data)] * 2
    failed = _at_once(4, lambda number: move_pictures(store, *_arguments(*moves[number])))
    assert failed == []
    assert (sorted(data.names()), other.names()) == (["b", "c", "d", "x"], ["a"])


def _arguments(here: Filled, name: str, there: Filled) -> tuple[str, list[int], str]:
    return here.id, here.of(name), there.id


def test_a_move_looks_at_the_revision_of_the_data_set_it_leaves(store: Store) -> None:
    data, other = filled(store, ANIMALS), filled(store, {"x": "dog"}, name="others")
    set_label(store, other.id, other.of("x"), None)
    move_pictures(store, data.id, data.of("a"), other.id, revision=1)
    with pytest.raises(Stale):
        move_pictures(store, data.id, data.of("b"), other.id, revision=1)
    with pytest.raises(BadValue, match="another data set"):
        move_pictures(store, data.id, data.of("b"), data.id)
    with pytest.raises(NotFound, match="no data set"):
        move_pictures(store, data.id, data.of("b"), "ds_stranger")
    assert data.names() == ["b", "c", "d"]


def test_two_who_undo_a_move_from_its_two_sides_undo_it_once(store: Store) -> None:
    data, other = filled(store, ANIMALS), filled(store, {"x": "dog"}, name="others")
    move_pictures(store, data.id, data.of("a", "b"), other.id)
    failed = _at_once(2, lambda number: undo(store, (data, other)[number].id))
    assert [type(each) for each in failed] in ([Conflict], [Stale])
    assert data.labelled() == ANIMALS
    assert other.labelled() == {"x": "dog"}
