"""Versions: immutable, named by their content, comparable, and something to learn from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from fenlei.datasets.create import BadValue, create_dataset
from fenlei.datasets.diff import Kind, diff
from fenlei.datasets.found import DatasetError, Part, Skipped
from fenlei.datasets.version_content import read_manifest, write_manifest
from fenlei.datasets.versions import found_pictures, make_version, read_current, read_version
from fenlei.store import NotFound, Store, now
from fenlei.store.gc import remove_garbage
from fenlei.store.tables import Label, Picture, Tally
from fenlei.store.tallies import Tallies, Update
from tests.integration.datasets_store.importing import contents, drawn, imported, lay
from tests.support.drawing import png
from tests.support.effort import counting_statements

NAMES = ("dog/1.png", "cat/2.png", "cat/Ä.png", "cat/猫.png")


def filled(store: Store, folder: Path, *names: str) -> str:
    return imported(store, lay(folder / "in", drawn(*(names or NAMES))))[0]


def alter(store: Store, dataset_id: str, name: str, /, **values: object) -> None:
    with store.writing() as work:
        Tallies(work.session).update(dataset_id, 1, Update(values, [Picture.name == name]))
        work.datasets.touch(dataset_id)


def label_id(store: Store, dataset_id: str, name: str) -> str:
    with store.writing() as work:
        return work.pictures.declare_labels(dataset_id, [name])[name]


def test_a_version_holds_all_that_was_there(store: Store, tmp_path: Path) -> None:
    dataset_id = filled(store, tmp_path)
    alter(store, dataset_id, "dog/1.png", split="test", group="box 1")
    version = make_version(store, dataset_id, "before the holidays", "us_1")
    assert (version.number, version.pictures, version.note, version.created_by) == (1, 4, "before the holidays", "us_1")
    assert version.counts == {
        "labels": {"cat": 3, "dog": 1},
        "unlabelled": 0,
        "splits": {"test": 1},
        "unsplit": 3,
    }
    held = read_version(store, version.id)
    assert held.labels == ["cat", "dog"]
    assert [entry.name for entry in held.entries] == sorted(NAMES)
    assert {entry.name: (entry.sha256, held.label_of(entry), *entry[3:]) for entry in held.entries} == contents(
        store, dataset_id
    )


def test_the_same_content_is_the_same_version_and_other_content_another(store: Store, tmp_path: Path) -> None:
    dataset_id = filled(store, tmp_path)
    first = make_version(store, dataset_id, "first")
    again = make_version(store, dataset_id, "again")
    assert (again.id, again.note) == (first.id, "first")
    alter(store, dataset_id, "dog/1.png", label_id=None)
    second = make_version(store, dataset_id)
    assert (second.number, second.counts["unlabelled"]) == (2, 1)
    alter(store, dataset_id, "dog/1.png", label_id=label_id(store, dataset_id, "dog"))
    assert make_version(store, dataset_id).id == first.id, "as it was before"
    with store.reading() as work:
        assert [row.number for row in work.versions.page(dataset_id, None, 10)[0]] == [2, 1]
        assert work.versions.page(dataset_id, None, 1)[1] == 2
        assert [row.number for row in work.versions.page(dataset_id, 2, 10)[0]] == [1]
        assert work.versions.numbered(dataset_id, 2).id == second.id


def test_a_version_never_changes(store: Store, tmp_path: Path) -> None:
    dataset_id = filled(store, tmp_path)
    version = make_version(store, dataset_id)
    held = read_version(store, version.id)
    alter(store, dataset_id, "dog/1.png", removed_at=now())
    alter(store, dataset_id, "cat/2.png", name="cat/two.png", split="train")
    with store.writing() as work:
        work.session.execute(update(Label).where(Label.name == "cat").values(name="kitten"))
    assert read_version(store, version.id) == held
    assert [entry.name for entry in read_current(store, dataset_id).entries] == [
        "cat/two.png",
        "cat/Ä.png",
        "cat/猫.png",
    ]


def test_equal_data_sets_have_equal_digests(store: Store, tmp_path: Path) -> None:
    one, other = (filled(store, tmp_path / name, *NAMES) for name in ("one", "other"))
    assert one != other
    first, second = make_version(store, one), make_version(store, other)
    assert first.digest == second.digest
    assert first.id != second.id


def test_two_at_once_make_one_version(store: Store, tmp_path: Path) -> None:
    dataset_id = filled(store, tmp_path)
    with ThreadPoolExecutor(4) as pool:
        made = [each.result() for each in [pool.submit(make_version, store, dataset_id) for _ in range(8)]]
    assert len({version.id for version in made}) == 1


def test_what_is_different_is_told_by_picture_and_counted(store: Store, tmp_path: Path) -> None:
    dataset_id = filled(store, tmp_path, *(f"cat/{number}.png" for number in range(6)), "dog/9.png")
    before = make_version(store, dataset_id)
    alter(store, dataset_id, "cat/0.png", removed_at=now())
    alter(store, dataset_id, "cat/1.png", label_id=label_id(store, dataset_id, "wolf"))
    alter(store, dataset_id, "cat/2.png", split="test")
    alter(store, dataset_id, "cat/3.png", split="train", label_id=None)
    alter(store, dataset_id, "cat/4.png", group="box")
    imported(store, lay(tmp_path / "more", {"dog/new.png": png(50, 50, seed=99)}), dataset_id, format="class-folders")
    after = make_version(store, dataset_id)
    told = diff(read_version(store, before.id), read_version(store, after.id))
    assert told.counts == {"added": 1, "removed": 1, "relabelled": 2, "moved": 2, "regrouped": 1}
    assert [(each.kind, each.name, each.before, each.after) for each in told.differences] == [
        (Kind.REMOVED, "cat/0.png", "cat", None),
        (Kind.RELABELLED, "cat/1.png", "cat", "wolf"),
        (Kind.MOVED, "cat/2.png", None, "test"),
        (Kind.RELABELLED, "cat/3.png", "cat", None),
        (Kind.MOVED, "cat/3.png", None, "train"),
        (Kind.REGROUPED, "cat/4.png", None, "box"),
        (Kind.ADDED, "dog/new.png", None, "dog"),
    ]
    assert (told.labels_added, told.labels_removed, told.labels_reordered) == (["wolf"], [], False)
    page, following = told.page(None, 3)
    assert ([each.name for each in page], following) == (["cat/0.png", "cat/1.png", "cat/2.png"], 3)
    page, following = told.page(3, 10)
    assert ([each.kind for each in page][-1], following) == (Kind.ADDED, None)
    assert [each.name for each in told.page(1, 5, "moved")[0]] == ["cat/3.png"]
    with pytest.raises(BadValue, match="added, removed, relabelled"):
        told.page(None, 5, "stolen")
    nothing = diff(read_version(store, after.id), read_version(store, after.id))
    assert (nothing.differences, nothing.labels_reordered) == ([], False)


def test_a_version_is_something_to_learn_from(store: Store, tmp_path: Path) -> None:
    dataset_id = filled(store, tmp_path)
    alter(store, dataset_id, "cat/2.png", label_id=None)
    alter(store, dataset_id, "dog/1.png", group="box 1")
    version = make_version(store, dataset_id)
    with found_pictures(store, version.id) as found:
        assert found.labels == ["cat", "dog"]
        assert [(item.name, item.label, item.part, item.group) for item in found.items] == [
            ("cat/Ä.png", "cat", None, None),
            ("cat/猫.png", "cat", None, None),
            ("dog/1.png", "dog", None, "box 1"),
        ]
        assert found.skipped == [Skipped("cat/2.png", "it has no label")]
        assert found.items[2].read() == drawn(*NAMES)["dog/1.png"]


def test_what_came_after_the_split_is_learned_from(store: Store, tmp_path: Path) -> None:
    dataset_id = filled(store, tmp_path)
    alter(store, dataset_id, "dog/1.png", split="validation")
    alter(store, dataset_id, "cat/2.png", split="test")
    found = found_pictures(store, make_version(store, dataset_id).id)
    assert {item.name: item.part for item in found.items} == {
        "dog/1.png": Part.VALIDATION,
        "cat/2.png": Part.TEST,
        "cat/Ä.png": Part.TRAIN,
        "cat/猫.png": Part.TRAIN,
    }


def test_a_blob_that_is_gone_is_a_file_that_cannot_be_read(store: Store, tmp_path: Path) -> None:
    dataset_id = filled(store, tmp_path)
    version = make_version(store, dataset_id)
    found = found_pictures(store, version.id)
    store.blobs.remove([read_version(store, version.id).entries[0].sha256])
    with pytest.raises(DatasetError, match=r"cat/2\.png is no longer there"):
        found.items[0].read()


def test_what_a_version_needs_is_no_garbage_wherever_its_pictures_went(store: Store, tmp_path: Path) -> None:
    dataset_id = filled(store, tmp_path)
    version = make_version(store, dataset_id)
    held = read_version(store, version.id)
    lost = store.blobs.put(b"nobody's")
    with store.writing() as work:
        for table in (Picture, Tally):  # as if they had moved to a data set that was deleted
            work.session.execute(delete(table))
    removed = remove_garbage(store, timedelta(seconds=-60))
    assert set(removed.blobs) == {lost}
    assert [len(item.read()) for item in found_pictures(store, version.id).items] == [
        entry.bytes for entry in held.entries
    ]


def test_versions_are_of_data_sets_that_are_there(store: Store) -> None:
    with pytest.raises(NotFound, match="ds_none"):
        make_version(store, "ds_none")
    with pytest.raises(NotFound, match="dv_none"):
        read_version(store, "dv_none")
    empty = create_dataset(store, "empty")
    assert make_version(store, empty.id).pictures == 0
    with pytest.raises(BadValue):
        make_version(store, empty.id, "x" * 10_001)


def test_a_manifest_that_is_damaged_or_of_the_future_is_a_sentence(sqlite_store: Store, tmp_path: Path) -> None:
    whole = write_manifest(read_current(sqlite_store, filled(sqlite_store, tmp_path)))
    assert write_manifest(read_manifest(whole)) == whole
    for damaged in (
        b"",
        whole[: len(whole) // 2],
        whole.replace(b'"cat/2.png"', b"2"),
        b"\n".join(whole.split(b"\n")[:-2]),
    ):
        with pytest.raises(DatasetError, match="damaged"):
            read_manifest(damaged)
    with pytest.raises(DatasetError, match="fenlei-dataset/9"):
        read_manifest(whole.replace(b"fenlei-dataset/1", b"fenlei-dataset/9"))


def test_a_hundred_thousand_pictures_are_a_version_in_a_moment(sqlite_store: Store) -> None:
    dataset = create_dataset(sqlite_store, "many")
    with sqlite_store.writing() as work:
        labels = list(work.pictures.declare_labels(dataset.id, ["a", "b", "c"]).values())
        rows = [
            {
                "dataset_id": dataset.id,
                "name": f"{number % 3}/{number:06d}.png",
                "folded": f"{number % 3}/{number:06d}.png",
                "sha256": f"{number:064x}",
                "label_id": labels[number % 3],
                "split": "train",
                "width": 64,
                "height": 64,
                "bytes": 4000,
                "format": "PNG",
                "added_at": now(),
            }
            for number in range(100_000)
        ]
        work.pictures.add_many(rows)
    with counting_statements(sqlite_store) as effort:
        assert make_version(sqlite_store, dataset.id).pictures == 100_000
    assert (
        effort.statements < 300
    )  # it is the statements for each picture that would cost seconds; bench/scale has them
