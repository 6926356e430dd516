"""Files are sent in pieces; what was acknowledged stays, whatever happens to either side."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread

import pytest

from fenlei.datasets import uploads
from fenlei.datasets.carry_out import carry_out
from fenlei.datasets.create import BadValue, create_dataset, delete_dataset
from fenlei.datasets.imports import State, begin_import, cancel_import, preview_import, queue_import
from fenlei.datasets.laid_down import upload_path
from fenlei.datasets.sweep import sweep_uploads
from fenlei.datasets.uploads import WrongOffset, begin_upload, receive, remove_upload
from fenlei.store import Conflict, NotFound, Store, StoreAddress
from fenlei.store.tables import Import
from tests.integration.datasets_store.importing import drawn, sent, zipped
from tests.support import mortals

BYTES = bytes(range(256)) * 400


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


def opened(store: Store, name: str = "cats") -> Import:
    return begin_import(store, create_dataset(store, name).id, {"kind": "upload"})


def received(store: Store, upload_id: str) -> int:
    with store.reading() as work:
        return work.imports.upload(upload_id).received


def test_pieces_of_any_length_become_the_file(store: Store, folder: Path) -> None:
    row = opened(store)
    digest = hashlib.sha256(BYTES).hexdigest()
    upload = begin_upload(store, folder, row.id, "cats.zip", len(BYTES), digest.upper())
    assert (upload.received, upload.sha256) == (0, digest)
    assert receive(store, folder, upload.id, 0, [BYTES[:10], b"", BYTES[10:50_000]]).received == 50_000
    assert receive(store, folder, upload.id, 50_000, [BYTES[50_000:]]).received == len(BYTES)
    assert upload_path(folder, upload).read_bytes() == BYTES


def test_nothing_is_acknowledged_before_it_is_on_the_disk(
    sqlite_store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "ACKNOWLEDGE_BYTES", 20_000)
    upload = begin_upload(sqlite_store, folder, opened(sqlite_store).id, "cats.zip", len(BYTES))
    synced, folders = [0], []
    fsync = os.fsync

    def watched(number: int) -> None:
        assert received(sqlite_store, upload.id) <= max(synced), "acknowledged before it was synced"
        fsync(number)
        if stat.S_ISDIR(os.fstat(number).st_mode):
            folders.append(number)
        else:
            synced.append(os.fstat(number).st_size)

    monkeypatch.setattr(os, "fsync", watched)
    receive(sqlite_store, folder, upload.id, 0, [BYTES[start : start + 5_000] for start in range(0, len(BYTES), 5_000)])
    assert synced == [0, 20_000, 40_000, 60_000, 80_000, 100_000, len(BYTES)]
    assert len(folders) == 2, "the name of the file, and that of the folder of its import"


@pytest.mark.parametrize("offset", [0, 9_999, 10_001, 50_000, 1 << 40])
def test_a_piece_that_overlaps_or_leaves_a_gap_is_told_where_to_begin(
    sqlite_store: Store, folder: Path, offset: int
) -> None:
    upload = begin_upload(sqlite_store, folder, opened(sqlite_store).id, "cats.zip", len(BYTES))
    receive(sqlite_store, folder, upload.id, 0, [BYTES[:10_000]])
    with pytest.raises(WrongOffset, match="must begin at 10000") as refused:
        receive(sqlite_store, folder, upload.id, offset, [BYTES[offset : offset + 10]])
    assert refused.value.wanted == 10_000
    assert receive(sqlite_store, folder, upload.id, 10_000, [BYTES[10_000:]]).received == len(BYTES)
    assert upload_path(folder, upload).read_bytes() == BYTES


def test_a_sender_that_breaks_off_goes_on_where_it_stopped(sqlite_store: Store, folder: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield BYTES[:30_000]
        raise ConnectionResetError("the client left")

    upload = begin_upload(sqlite_store, folder, opened(sqlite_store).id, "cats.zip", len(BYTES))
    with pytest.raises(ConnectionResetError):
        receive(sqlite_store, folder, upload.id, 0, breaking())
    assert received(sqlite_store, upload.id) == 30_000
    receive(sqlite_store, folder, upload.id, 30_000, [BYTES[30_000:]])
    assert upload_path(folder, upload).read_bytes() == BYTES


def test_whoever_lost_the_id_announces_the_file_again_and_goes_on(store: Store, folder: Path) -> None:
    row = opened(store)
    upload = begin_upload(store, folder, row.id, "cats.zip", len(BYTES))
    receive(store, folder, upload.id, 0, [BYTES[:100]])
    again = begin_upload(store, folder, row.id, "cats.zip", len(BYTES))
    assert (again.id, again.received) == (upload.id, 100)
    with pytest.raises(Conflict, match=r"another file cats\.zip"):
        begin_upload(store, folder, row.id, "cats.zip", len(BYTES) + 1)
    remove_upload(store, folder, upload.id)
    assert not upload_path(folder, upload).exists()
    assert begin_upload(store, folder, row.id, "cats.zip", len(BYTES) + 1).id != upload.id


def test_a_file_with_another_digest_is_sent_again(store: Store, folder: Path) -> None:
    digest = hashlib.sha256(BYTES).hexdigest()
    upload = begin_upload(store, folder, opened(store).id, "cats.zip", len(BYTES), digest)
    receive(store, folder, upload.id, 0, [BYTES[:500]])
    with pytest.raises(BadValue, match="Send it again") as refused:
        receive(store, folder, upload.id, 500, [bytes(len(BYTES) - 500)])
    assert refused.value.field == "sha256"
    assert received(store, upload.id) == 0
    assert receive(store, folder, upload.id, 0, [BYTES]).received == len(BYTES)


def test_more_bytes_than_were_announced_are_not_taken(sqlite_store: Store, folder: Path) -> None:
    upload = begin_upload(sqlite_store, folder, opened(sqlite_store).id, "cats.zip", 100)
    with pytest.raises(BadValue, match="announced"):
        receive(sqlite_store, folder, upload.id, 0, [BYTES[:60], BYTES[60:120]])
    assert received(sqlite_store, upload.id) == 60
    assert receive(sqlite_store, folder, upload.id, 60, [BYTES[60:100]]).received == 100


@pytest.mark.parametrize(
    ("sent_as", "kept_as"),
    [
        ("photos\\cat\\1.jpg", "photos/cat/1.jpg"),
        ("../../etc/passwd", "etc/passwd"),
        ("/abs//./cat/1.jpg", "abs/cat/1.jpg"),
        ("C:\\Users\\me\\1.jpg", "Users/me/1.jpg"),
        ("a\nb\0.jpg", "a_b_.jpg"),
        ("Cafe\u0301.jpg", "Café.jpg"),
    ],
)
def test_names_say_where_a_file_belongs_and_never_where_it_lies(
    sqlite_store: Store, folder: Path, tmp_path: Path, sent_as: str, kept_as: str
) -> None:
    row = opened(sqlite_store)
    upload = sent(sqlite_store, folder, row.id, sent_as, b"bytes")
    assert upload.name == kept_as
    files = [each.relative_to(tmp_path).as_posix() for each in tmp_path.rglob("*") if each.is_file()]
    assert f"uploads/{row.id}/{upload.id}" in files
    assert not [each for each in files if "passwd" in each or each.endswith(".jpg")]


@pytest.mark.parametrize(
    ("name", "size", "sha256", "field"),
    [
        ("..", 1, None, "name"),
        ("", 1, None, "name"),
        ("x" * 1001, 1, None, "name"),
        ("a", -1, None, "size"),
        ("a", 1, "abc", "sha256"),
    ],
)
def test_what_cannot_be_announced_is_refused_with_its_field(
    sqlite_store: Store, folder: Path, name: str, size: int, sha256: str | None, field: str
) -> None:
    with pytest.raises(BadValue) as refused:
        begin_upload(sqlite_store, folder, opened(sqlite_store).id, name, size, sha256)
    assert refused.value.field == field


def test_a_file_that_fits_on_no_disk_is_refused_before_it_is_sent(sqlite_store: Store, folder: Path) -> None:
    with pytest.raises(Conflict, match="the disk has room for"):
        begin_upload(sqlite_store, folder, opened(sqlite_store).id, "cats.zip", 1 << 43)


def test_two_senders_of_one_file_do_not_mix_their_bytes(sqlite_store: Store, folder: Path) -> None:
    upload = begin_upload(sqlite_store, folder, opened(sqlite_store).id, "cats.zip", len(BYTES))
    inside, leave = Event(), Event()

    def slow() -> Iterator[bytes]:
        yield BYTES[:1000]
        inside.set()
        assert leave.wait(20)
        yield BYTES[1000:2000]

    first = Thread(target=receive, args=(sqlite_store, folder, upload.id, 0, slow()))
    first.start()
    try:
        assert inside.wait(20)
        with pytest.raises(Conflict, match="somebody else"):
            receive(sqlite_store, folder, upload.id, 0, [bytes(2000)])
    finally:
        leave.set()
        first.join(20)
    assert received(sqlite_store, upload.id) == 2000
    assert upload_path(folder, upload).read_bytes() == BYTES[:2000]


def test_long_pieces_are_acknowledged_on_the_way(
    sqlite_store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "ACKNOWLEDGE_BYTES", 10_000)
    upload = begin_upload(sqlite_store, folder, opened(sqlite_store).id, "cats.zip", len(BYTES))
    seen = []

    def watched() -> Iterator[bytes]:
        for start in range(0, len(BYTES), 4_000):
            seen.append(received(sqlite_store, upload.id))
            yield BYTES[start : start + 4_000]

    receive(sqlite_store, folder, upload.id, 0, watched())
    assert sorted(set(seen)) == list(range(0, len(BYTES) - 4_000, 12_000))


def test_a_file_goes_only_into_an_import_that_is_open(sqlite_store: Store, folder: Path, tmp_path: Path) -> None:
    row = opened(sqlite_store)
    by_path = begin_import(sqlite_store, row.dataset_id, {"kind": "path", "path": str(tmp_path)})
    with pytest.raises(Conflict, match="takes no files"):
        begin_upload(sqlite_store, folder, by_path.id, "a.zip", 1)
    upload = begin_upload(sqlite_store, folder, row.id, "a.zip", 10)
    with pytest.raises(Conflict, match="0 of 10 bytes"), sqlite_store.writing() as work:
        queue_import(work, row.id)
    cancel_import(sqlite_store, row.id)
    with pytest.raises(Conflict, match="cancelled"):
        receive(sqlite_store, folder, upload.id, 0, [b"0123456789"])
    with pytest.raises(Conflict, match="cancelled"):
        begin_upload(sqlite_store, folder, row.id, "b.zip", 1)
    with pytest.raises(NotFound):
        receive(sqlite_store, folder, "up_nowhere", 0, [])


def test_bytes_that_somebody_cleaned_away_are_not_believed(sqlite_store: Store, folder: Path) -> None:
    upload = begin_upload(sqlite_store, folder, opened(sqlite_store).id, "cats.zip", len(BYTES))
    receive(sqlite_store, folder, upload.id, 0, [BYTES[:1000]])
    upload_path(folder, upload).unlink()
    with pytest.raises(WrongOffset) as refused:
        receive(sqlite_store, folder, upload.id, 1000, [BYTES[1000:]])
    assert refused.value.wanted == 0
    assert receive(sqlite_store, folder, upload.id, 0, [BYTES]).received == len(BYTES)


def _send(address: StoreAddress, folder: Path, upload_id: str, offset: int, said: Connection) -> None:
    """Runs in a process of its own: send the rest in small pieces, each acknowledged, and say how far it is."""
    uploads.ACKNOWLEDGE_BYTES = 1

    def pieces() -> Iterator[bytes]:
        for start in range(offset, len(BYTES), 500):
            said.send(start)  # all before this piece is acknowledged
            yield BYTES[start : start + 500]

    receive(Store.at(address), folder, upload_id, offset, pieces())


def test_what_was_acknowledged_survives_a_killed_receiver(sqlite_store: Store, folder: Path) -> None:
    row = opened(sqlite_store)
    digest = hashlib.sha256(BYTES).hexdigest()
    upload = begin_upload(sqlite_store, folder, row.id, "cats.zip", len(BYTES), digest)
    at = 0
    for number in range(5):
        ours, theirs = mortals.pipe()
        child = mortals.start(_send, sqlite_store.address, folder, upload.id, at, theirs)
        theirs.close()
        acknowledged = at
        for _ in range(1 + 3 * number):
            assert ours.poll(20), "the receiver said nothing"
            acknowledged = ours.recv()
        assert mortals.kill(child)
        at = received(sqlite_store, upload.id)
        assert at >= acknowledged
        assert upload_path(folder, upload).read_bytes()[:at] == BYTES[:at]
        assert at < len(BYTES), "killed too late to prove anything"
    assert at > 0
    assert receive(sqlite_store, folder, upload.id, at, [BYTES[at:]]).received == len(BYTES)


def test_files_go_when_they_are_imported_gone_or_forgotten(sqlite_store: Store, folder: Path) -> None:
    archive = zipped(drawn("cat/1.png", "dog/1.png"))
    done, gone, forgotten, fresh, queued = (opened(sqlite_store, name) for name in ("a", "b", "c", "d", "e"))
    for row in (done, gone, forgotten, fresh, queued):
        sent(sqlite_store, folder, row.id, "pets.zip", archive)
    carry_out(sqlite_store, folder, done.id)
    assert not (folder / done.id).exists(), "at once"
    delete_dataset(sqlite_store, gone.dataset_id)
    with sqlite_store.writing() as work:
        queue_import(work, queued.id)
    old = time.time() - 3600
    for row in (forgotten, queued):
        for path in (*(folder / row.id).iterdir(), folder / row.id):
            os.utime(path, (old, old))
    assert sweep_uploads(sqlite_store, folder, timedelta(minutes=30)) == sorted([gone.id, forgotten.id])
    assert sorted(each.name for each in folder.iterdir()) == sorted([fresh.id, queued.id])
    with sqlite_store.reading() as work:
        row = work.imports.get(forgotten.id)
        assert row.state == State.CANCELLED
        assert row.error == "The files that were sent lay unused for long and were removed."
    with pytest.raises(Conflict, match="Nothing was sent"), sqlite_store.writing() as work:
        queue_import(work, forgotten.id)
    assert preview_import(sqlite_store, folder, fresh.id).state == State.PREVIEWED
