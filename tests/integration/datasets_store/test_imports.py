"""Pictures come into a data set: each with its class, each file accounted for, nothing twice."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from fenlei.datasets import carry_out as carrying
from fenlei.datasets import reading
from fenlei.datasets.carry_out import carry_out
from fenlei.datasets.create import BadValue, create_dataset, delete_dataset
from fenlei.datasets.download import download_csv
from fenlei.datasets.examine import examine
from fenlei.datasets.found import DatasetError
from fenlei.datasets.imports import State, begin_import, cancel_import, preview_import, queue_import
from fenlei.datasets.placing import place
from fenlei.datasets.report_csv import report_csv
from fenlei.datasets.version_content import content_of
from fenlei.datasets.versions import read_current
from fenlei.store import Conflict, NotFound, Store, Work
from fenlei.store.tables import Picture
from fenlei.store.tallies import Tallies, Update
from tests.integration.datasets_store.importing import (
    begun,
    contents,
    drawn,
    entries,
    imported,
    label_names,
    lay,
    sent,
    zipped,
)
from tests.support.drawing import encoded, image, jpeg, orientation, png


def state_of(store: Store, import_id: str) -> tuple[str, str | None]:
    with store.reading() as work:
        row = work.imports.get(import_id)
    return row.state, row.error


def revision_of(store: Store, dataset_id: str) -> int:
    with store.reading() as work:
        return work.datasets.get(dataset_id).revision


def test_a_folder_on_the_server_becomes_pictures_with_classes(store: Store, tmp_path: Path) -> None:
    files = drawn("dog/2.png", "cat/1.png", "cat/3.png")
    dataset_id, answer = imported(store, lay(tmp_path / "in", files))
    assert answer == {"added": 3, "existing": 0, "skipped": 0, "total": 3, "state": "done"}
    found = contents(store, dataset_id)
    assert {name: row[1] for name, row in found.items()} == {"cat/1.png": "cat", "cat/3.png": "cat", "dog/2.png": "dog"}
    assert store.blobs.get(found["dog/2.png"][0]) == files["dog/2.png"]
    assert found["dog/2.png"][2:] == (None, None, 40, 40, len(files["dog/2.png"]))
    assert label_names(store, dataset_id) == ["cat", "dog"]


def test_a_zip_that_was_sent_becomes_pictures_and_its_parts_the_split(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    row = begin_import(store, create_dataset(store, "pets").id, {"kind": "upload"})
    sent(store, folder, row.id, "pets.zip", zipped(drawn("train/cat/1.png", "train/dog/2.png", "val/cat/3.png")))
    seen = preview_import(store, folder, row.id)
    assert seen.state == State.PREVIEWED
    assert seen.found is not None
    assert contents(store, row.dataset_id) == {}, "looking changes nothing"
    with store.writing() as work:
        assert queue_import(work, row.id, seen.revision).state == State.QUEUED
    assert carry_out(store, folder, row.id)["added"] == 3
    parts = {name: row[2] for name, row in contents(store, row.dataset_id).items()}
    assert parts == {"train/cat/1.png": "train", "train/dog/2.png": "train", "val/cat/3.png": "validation"}
    with store.reading() as work:
        picture = work.pictures.named(row.dataset_id, ["val/cat/3.png"])["val/cat/3.png"]
        assert work.pictures.get(picture.id).given_split == "validation"
        assert work.imports.get(row.id).finished_at is not None


def test_files_that_were_sent_one_by_one_lie_where_their_names_say(sqlite_store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    row = begin_import(sqlite_store, create_dataset(sqlite_store, "pets").id, {"kind": "upload"})
    files = drawn("photos/cat/1.png", "photos/dog/2.png", "photos/dog/3.png") | {"photos/dog/empty.png": b""}
    for name, data in files.items():
        sent(sqlite_store, folder, row.id, name, data)
    assert carry_out(sqlite_store, folder, row.id) == {
        "added": 3,
        "existing": 0,
        "skipped": 1,
        "total": 4,
        "state": "done",
    }
    labels = {name: found[1] for name, found in contents(sqlite_store, row.dataset_id).items()}
    assert labels == {"photos/cat/1.png": "cat", "photos/dog/2.png": "dog", "photos/dog/3.png": "dog"}
    assert entries(sqlite_store, row.id)["photos/dog/empty.png"] == ("skipped", "the file is empty")


def test_a_list_that_was_downloaded_brings_labels_splits_and_groups_back(store: Store, tmp_path: Path) -> None:
    files = drawn("a/=1.png", "a/2.png", "b/3.png")
    manifest = "name,label,split,group\r\na/=1.png,cat,train,box 1\r\na/2.png,,test,\r\nb/3.png,dog,,box 1\r\n"
    dataset_id, _ = imported(store, lay(tmp_path / "in", {**files, "list.csv": manifest.encode()}))
    before = contents(store, dataset_id)
    assert {name: row[1:4] for name, row in before.items()} == {
        "a/=1.png": ("cat", "train", "box 1"),
        "a/2.png": (None, "test", None),
        "b/3.png": ("dog", None, "box 1"),
    }
    content = read_current(store, dataset_id)
    moved = content_of(content.labels, [each._replace(name=each.name.removeprefix("a/")) for each in content.entries])
    text = "".join(download_csv(moved))
    assert "./=1.png" in text
    folder = tmp_path / "uploads"
    row = begin_import(store, create_dataset(store, "again").id, {"kind": "upload"})
    for name, data in (
        {name.removeprefix("a/"): data for name, data in files.items()} | {"list.csv": text.encode()}
    ).items():
        sent(store, folder, row.id, name, data)
    assert preview_import(store, folder, row.id).format == "csv"
    assert carry_out(store, folder, row.id)["added"] == 3
    assert contents(store, row.dataset_id) == {name.removeprefix("a/"): found for name, found in before.items()}


def test_pictures_without_a_class_get_the_one_that_is_asked_for(sqlite_store: Store, tmp_path: Path) -> None:
    source = lay(tmp_path / "in", drawn("1.png", "2.png"))
    dataset_id, _ = imported(sqlite_store, source)
    assert {row[1] for row in contents(sqlite_store, dataset_id).values()} == {None}
    other, _ = imported(sqlite_store, source, create_dataset(sqlite_store, "cats").id, label=" cat ")
    assert {row[1] for row in contents(sqlite_store, other).values()} == {"cat"}
    assert label_names(sqlite_store, other) == ["cat"]


def test_the_format_that_is_asked_for_is_the_one_that_is_read(sqlite_store: Store, tmp_path: Path) -> None:
    dataset_id, _ = imported(sqlite_store, lay(tmp_path / "in", drawn("cat/1.png", "dog/2.png")), format="unlabelled")
    assert {row[1] for row in contents(sqlite_store, dataset_id).values()} == {None}
    row = begun(sqlite_store, tmp_path / "in", dataset_id, format="coco")
    with pytest.raises(DatasetError):
        carry_out(sqlite_store, tmp_path, row.id)


def test_bytes_that_are_gone_are_asked_for_again(sqlite_store: Store, tmp_path: Path) -> None:
    row = begin_import(sqlite_store, create_dataset(sqlite_store, "pets").id, {"kind": "upload"})
    upload = sent(sqlite_store, tmp_path / "uploads", row.id, "pets.zip", zipped(drawn("cat/1.png")))
    (tmp_path / "uploads" / row.id / upload.id).unlink()
    with pytest.raises(DatasetError, match=r"pets\.zip are no longer here"):
        preview_import(sqlite_store, tmp_path / "uploads", row.id)


def test_every_file_that_is_no_use_is_reported_with_its_reason(sqlite_store: Store, tmp_path: Path) -> None:
    good, photo = png(40, 40), jpeg(64, 64, quality=95)
    files = {
        "cat/good.png": good,
        "cat/half.jpg": photo[: len(photo) // 2],
        "cat/flipped.png": good[:60] + bytes([good[60] ^ 1]) + good[61:],
        "cat/large-flipped.png": _flipped(encoded(image(64, 64).resize((1200, 1000)), "PNG")),
        "cat/middle.jpg": photo[:300] + b"\xff\xd9" + bytes(200) + b"\xff\xd9",
        "cat/empty.png": b"",
        "cat/text.png": b"this is no picture",
        "dog/notes.txt": b"notes",
        "dog/bitmap.bmp": encoded(image(40, 30), "BMP"),
        "dog/half.webp": encoded(image(40, 30), "WEBP")[:-40],
    }
    row = begun(sqlite_store, lay(tmp_path / "in", files))
    answer = carry_out(sqlite_store, tmp_path, row.id)
    assert answer == {"added": 2, "existing": 0, "skipped": 8, "total": 10, "state": "done"}
    told = entries(sqlite_store, row.id)
    assert sorted(told) == sorted(files)
    assert {name for name, (outcome, _) in told.items() if outcome == "added"} == {"cat/good.png", "dog/bitmap.bmp"}
    for name, (outcome, reason) in told.items():
        if outcome == "skipped":
            assert reason, name
            assert name not in reason, "the name stands beside it"
    assert told["cat/empty.png"] == ("skipped", "the file is empty")
    assert "last row" in (told["cat/half.jpg"][1] or "")
    assert "checksum" in (told["cat/large-flipped.png"][1] or "")


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def test_a_picture_is_as_large_as_a_person_sees_it(sqlite_store: Store, tmp_path: Path) -> None:
    lying = jpeg(60, 40, exif=orientation(6))
    large = encoded(image(64, 64).resize((1300, 1000)), "PNG")
    dataset_id, _ = imported(sqlite_store, lay(tmp_path / "in", {"a/lying.jpg": lying, "a/large.png": large}))
    assert {name: row[4:6] for name, row in contents(sqlite_store, dataset_id).items()} == {
        "a/lying.jpg": (40, 60),
        "a/large.png": (1300, 1000),
    }


def test_the_same_again_adds_nothing_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    source = lay(tmp_path / "in", drawn("cat/1.png", "dog/2.png"))
    dataset_id, _ = imported(store, source)
    before, revision = contents(store, dataset_id), revision_of(store, dataset_id)
    row = begun(store, source, dataset_id)
    assert carry_out(store, tmp_path, row.id) == {
        "added": 0,
        "existing": 2,
        "skipped": 0,
        "total": 2,
        "state": "done",
    }
    assert entries(store, row.id) == dict.fromkeys(("cat/1.png", "dog/2.png"), ("existing", "it is there already"))
    assert contents(store, dataset_id) == before
    assert revision_of(store, dataset_id) == revision


def test_another_picture_of_the_same_name_gets_a_number_and_keeps_it(store: Store, tmp_path: Path) -> None:
    names = ["cat/1.png", "cat/x"]
    dataset_id, _ = imported(store, lay(tmp_path / "first", drawn(*names)))
    others = {name: png(40, 40, seed=50 + number) for number, name in enumerate(names)}
    thirds = {name: png(40, 40, seed=60 + number) for number, name in enumerate(names)}
    second, third = lay(tmp_path / "second", others), lay(tmp_path / "third", thirds)
    row = begun(store, second, dataset_id)
    carry_out(store, tmp_path, row.id)
    assert entries(store, row.id)["cat/1.png"] == (
        "added",
        "another picture is called that; this one is cat/1 (2).png",
    )
    imported(store, third, dataset_id)
    found = contents(store, dataset_id)
    assert sorted(found) == ["cat/1 (2).png", "cat/1 (3).png", "cat/1.png", "cat/x", "cat/x (2)", "cat/x (3)"]
    assert store.blobs.get(found["cat/1 (3).png"][0]) == thirds["cat/1.png"]
    again = begun(store, second, dataset_id)
    assert carry_out(store, tmp_path, again.id)["existing"] == 2
    assert entries(store, again.id)["cat/1.png"] == ("existing", "it is there already as cat/1 (2).png")


def test_a_label_that_somebody_gave_stays_and_the_report_says_so(store: Store, tmp_path: Path) -> None:
    dataset_id, _ = imported(store, lay(tmp_path / "in", drawn("cat/1.png", "dog/2.png")))
    with store.writing() as work:
        wolf = work.pictures.declare_labels(dataset_id, ["wolf"])["wolf"]
        Tallies(work.session).update(dataset_id, 1, Update({"label_id": wolf}, [Picture.name == "cat/1.png"]))
    row = begun(store, tmp_path / "in", dataset_id)
    carry_out(store, tmp_path, row.id)
    assert entries(store, row.id)["cat/1.png"] == (
        "existing",
        "it is there already, as wolf, which stays; here it is cat",
    )
    assert contents(store, dataset_id)["cat/1.png"][1] == "wolf"


def test_a_removed_picture_that_comes_again_is_there_again(store: Store, tmp_path: Path) -> None:
    source = lay(tmp_path / "in", drawn("cat/1.png", "cat/2.png"))
    dataset_id, _ = imported(store, source)
    before = contents(store, dataset_id)
    with store.writing() as work:
        values = {"removed_at": work.datasets.get(dataset_id).created_at}
        Tallies(work.session).update(dataset_id, 1, Update(values, [Picture.name == "cat/1.png"]))
    assert sorted(contents(store, dataset_id)) == ["cat/2.png"]
    row = begun(store, source, dataset_id)
    assert carry_out(store, tmp_path, row.id)["added"] == 1
    assert entries(store, row.id)["cat/1.png"] == ("added", "it had been removed, and is there again")
    assert contents(store, dataset_id) == before


def test_labels_stand_behind_those_that_are_there(store: Store, tmp_path: Path) -> None:
    dataset = create_dataset(store, "pets")
    with store.writing() as work:
        work.pictures.declare_labels(dataset.id, ["zebra", "cat"])
    (tmp_path / "in" / "empty").mkdir(parents=True)
    imported(store, lay(tmp_path / "in", drawn("dog/1.png", "cat/2.png", "ant/3.png")), dataset.id)
    assert label_names(store, dataset.id) == ["zebra", "cat", "ant", "dog", "empty"]


def test_a_killed_lease_writes_nothing_more(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "BATCH_FILES", 2)
    row = begun(store, lay(tmp_path / "in", drawn(*(f"cat/{number}.png" for number in range(7)))))
    calls = []

    class LeaseLost(Exception):
        pass

    def guard(work: Work) -> None:
        work.imports.get(row.id)
        calls.append(1)
        if len(calls) > 4:  # begin, labels, two batches
            raise LeaseLost

    with pytest.raises(LeaseLost):
        carry_out(store, tmp_path, row.id, guard=guard)
    assert len(contents(store, row.dataset_id)) == 4
    assert state_of(store, row.id) == (State.IMPORTING, None), "whoever has the lease now decides"
    steps: list[tuple[int, int]] = []
    answer = carry_out(store, tmp_path, row.id, progress=lambda done, total: steps.append((done, total)))
    assert answer["added"] == 7
    assert steps == [(4, 7), (6, 7), (7, 7)]
    assert len(entries(store, row.id)) == len(contents(store, row.dataset_id)) == 7


def test_an_import_that_is_cancelled_keeps_what_it_has_and_can_go_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "BATCH_FILES", 2)
    row = begun(store, lay(tmp_path / "in", drawn(*(f"cat/{number}.png" for number in range(7)))))
    done: list[int] = []
    answer = carry_out(
        store, tmp_path, row.id, progress=lambda now, _: done.append(now), cancelled=lambda: done[-1] >= 4
    )
    assert answer == {"added": 4, "existing": 0, "skipped": 0, "total": 7, "state": "cancelled"}
    assert state_of(store, row.id) == (State.CANCELLED, None)
    assert len(contents(store, row.dataset_id)) == len(entries(store, row.id)) == 4
    with store.writing() as work:
        queue_import(work, row.id)
    assert carry_out(store, tmp_path, row.id)["state"] == "done"
    assert len(contents(store, row.dataset_id)) == 7


def test_cancelling_from_elsewhere_stops_it_at_the_next_batch(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "BATCH_FILES", 1)
    row = begun(sqlite_store, lay(tmp_path / "in", drawn(*(f"cat/{number}.png" for number in range(5)))))

    def progress(done: int, total: int) -> None:
        if done == 2:
            cancel_import(sqlite_store, row.id)

    assert carry_out(sqlite_store, tmp_path, row.id, progress=progress)["state"] == "cancelled"
    assert len(contents(sqlite_store, row.dataset_id)) == 2


def test_two_at_work_on_one_import_bring_nothing_in_twice(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "BATCH_FILES", 2)
    row = begun(store, lay(tmp_path / "in", drawn(*(f"cat/{number}.png" for number in range(9)))))
    inside, leave = Event(), Event()
    failed: list[BaseException] = []

    def progress(done: int, total: int) -> None:
        if done == 2:
            inside.set()
            assert leave.wait(30)

    def first() -> None:
        try:
            carry_out(store, tmp_path, row.id, progress=progress)
        except Conflict as exc:
            failed.append(exc)

    thread = Thread(target=first)
    thread.start()
    assert inside.wait(30)
    assert carry_out(store, tmp_path, row.id)["state"] == "done"
    leave.set()
    thread.join(30)
    assert len(failed) == 1, "the slower one notices"
    assert state_of(store, row.id)[0] == State.DONE
    assert len(contents(store, row.dataset_id)) == len(entries(store, row.id)) == 9


def test_whoever_was_overtaken_stops_though_the_import_goes_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "BATCH_FILES", 2)
    row = begun(store, lay(tmp_path / "in", drawn(*(f"cat/{number}.png" for number in range(9)))))

    def overtaken(done: int, total: int) -> None:
        if done == 2:
            with pytest.raises(KeyboardInterrupt):
                carry_out(store, tmp_path, row.id, progress=stopped)

    def stopped(done: int, total: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(Conflict, match="carried out by somebody else"):
        carry_out(store, tmp_path, row.id, progress=overtaken)
    assert state_of(store, row.id) == (State.IMPORTING, None)
    assert len(contents(store, row.dataset_id)) == len(entries(store, row.id)) == 6


def test_names_that_come_twice_in_one_batch_find_their_places(sqlite_store: Store) -> None:
    dataset = create_dataset(sqlite_store, "pets")
    wanted = [("1.png", "aa"), ("1.png", "bb"), ("1.png", "aa"), ("1 (2).png", "cc"), ("1.png", "bb"), ("2.png", "aa")]
    with sqlite_store.writing() as work:
        places = place(work, dataset.id, wanted)
    assert [(each.name, each.is_new, each.first) for each in places] == [
        ("1.png", True, None),
        ("1 (2).png", True, None),
        ("1.png", False, 0),
        ("1 (2) (2).png", True, None),
        ("1 (2).png", False, 1),
        ("2.png", True, None),
    ]


def test_done_is_done(store: Store, tmp_path: Path) -> None:
    row = begun(store, lay(tmp_path / "in", drawn("cat/1.png")))
    first = carry_out(store, tmp_path, row.id)
    assert carry_out(store, tmp_path, row.id) == first
    assert len(entries(store, row.id)) == 1
    with pytest.raises(Conflict, match="done"):
        cancel_import(store, row.id)
    with pytest.raises(Conflict, match="done"), store.writing() as work:
        queue_import(work, row.id)


def test_a_source_that_cannot_be_read_says_so_and_may_be_mended(store: Store, tmp_path: Path) -> None:
    source = lay(tmp_path / "in", drawn("cat/1.png"))
    row = begun(store, source)
    (source / "cat" / "1.png").rename(tmp_path / "1.png")
    (source / "cat").rmdir()
    source.rmdir()
    with pytest.raises(DatasetError, match="does not exist"):
        carry_out(store, tmp_path, row.id)
    state, error = state_of(store, row.id)
    assert state == State.FAILED
    assert "does not exist" in (error or "")
    lay(source, drawn("cat/1.png"))
    with store.writing() as work:
        queue_import(work, row.id)
    assert carry_out(store, tmp_path, row.id)["added"] == 1
    assert state_of(store, row.id) == (State.DONE, None)


def test_a_data_set_that_goes_ends_its_import(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "BATCH_FILES", 1)
    row = begun(sqlite_store, lay(tmp_path / "in", drawn("cat/1.png", "cat/2.png")))

    def progress(done: int, total: int) -> None:
        if done == 1:
            delete_dataset(sqlite_store, row.dataset_id)

    with pytest.raises(NotFound):
        carry_out(sqlite_store, tmp_path, row.id, progress=progress)


@pytest.mark.parametrize(
    ("source", "options", "field"),
    [
        ({"kind": "ftp"}, {}, "source"),
        ({"kind": "upload", "path": "/tmp"}, {}, "source"),
        ({"kind": "path"}, {}, "source"),
        ({"kind": "path", "path": "pictures"}, {}, "source.path"),
        ({"kind": "upload"}, {"formt": "csv"}, "options.formt"),
        ({"kind": "upload"}, {"format": "papyrus"}, "options.format"),
        ({"kind": "upload"}, {"label": ""}, "options.label"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_field(
    sqlite_store: Store, source: dict[str, Any], options: dict[str, Any], field: str
) -> None:
    dataset = create_dataset(sqlite_store, "pets")
    with pytest.raises(BadValue) as refused:
        begin_import(sqlite_store, dataset.id, source, options)
    assert refused.value.field == field


def test_an_import_needs_a_data_set_and_something_to_read(sqlite_store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="ds_none"):
        begin_import(sqlite_store, "ds_none", {"kind": "upload"})
    dataset = create_dataset(sqlite_store, "pets")
    with pytest.raises(DatasetError, match="does not exist"):
        begin_import(sqlite_store, dataset.id, {"kind": "path", "path": str(tmp_path / "nowhere")})
    row = begin_import(sqlite_store, dataset.id, {"kind": "upload"})
    with pytest.raises(Conflict, match="Nothing was sent"):
        preview_import(sqlite_store, tmp_path, row.id)
    with pytest.raises(Conflict, match="Nothing was sent"):
        carry_out(sqlite_store, tmp_path, row.id)


def test_the_report_is_csv_that_no_spreadsheet_carries_out(sqlite_store: Store, tmp_path: Path) -> None:
    files = {"cat/1.png": png(40, 40), 'cat/a "b", c.txt': b"x", "cat/x\ny.txt": b"x"}
    row = begun(sqlite_store, lay(tmp_path / "in", files))
    with sqlite_store.writing() as work:
        work.imports.add_entries(
            [
                {
                    "import_id": row.id,
                    "number": 100 + number,
                    "name": name,
                    "outcome": "skipped",
                    "reason": "=cmd",
                    "picture_id": None,
                }
                for number, name in enumerate(["=1+1", "+1", "-1", "@SUM(A1)", "plain"])
            ]
        )
    carry_out(sqlite_store, tmp_path, row.id)
    text = "".join(report_csv(sqlite_store, row.id))
    assert text.startswith("file,outcome,reason,picture\r\n")
    rows = {cells[0]: cells[1:] for cells in csv.reader(io.StringIO(text, newline=""))}
    assert rows["cat/1.png"][:2] == ["added", ""]
    assert int(rows["cat/1.png"][2]) > 0
    assert rows['cat/a "b", c.txt'][0] == "skipped"
    assert {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "plain"} <= set(rows)
    assert rows["plain"][1] == "'=cmd"
    with pytest.raises(NotFound):
        report_csv(sqlite_store, "im_none")


def test_large_pictures_are_read_a_few_at_a_time(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AHEAD_BYTES", 300_000)
    monkeypatch.setattr(carrying, "BATCH_BYTES", 300_000)
    large = 100_000
    held, most = 0, 0
    batches = carrying._batches

    def counting(data: bytes) -> Any:
        nonlocal held, most
        held += len(data)
        most = max(most, held)
        return examine(data)

    def handed_on(files: Any) -> Any:
        nonlocal held
        for batch in batches(files):
            yield batch
            held -= sum(len(each.data) for each in batch if isinstance(each, reading.Examined))

    monkeypatch.setattr("fenlei.datasets.reading.examine", counting)
    monkeypatch.setattr(carrying, "_batches", handed_on)
    files = {
        f"cat/{number}.png": picture + bytes(large)
        for number, picture in enumerate(drawn(*"abcdefghijklmnopqrst").values())
    }
    _, answer = imported(sqlite_store, lay(tmp_path / "in", files))
    assert answer["added"] == 20
    assert most < 12 * large, "two batches at most, and what the threads have in hand"
