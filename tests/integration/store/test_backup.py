"""Backups: of one moment while others write, whole or not there, and restored into any empty store or not at all."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from fenlei.store import Conflict, NewerDatabase, Store, StoreAddress, StoreError, bring_up_to_date, now
from fenlei.store.backup import back_up
from fenlei.store.restore import restore
from fenlei.store.tables import Base, Dataset, DatasetVersion, Event, Picture, Repeat, Run, Setting, User
from tests.support.cli import fenlei
from tests.support.postgres import Postgres
from tests.support.s3 import S3
from tests.support.stores import KINDS, environment

ROOT = Path(__file__).parents[3]


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Makes an empty store of a kind: no tables, no blobs."""
    made: list[tuple[Store, str | None]] = []

    def make(kind: str) -> Store:
        if kind == "sqlite-disk":
            folder = tmp_path / f"empty-{len(made)}"
            folder.mkdir()
            made.append((Store.at(StoreAddress(folder / "fenlei.db", folder / "blobs")), None))
        else:
            server: Postgres = request.getfixturevalue("postgres")
            bucket: S3 = request.getfixturevalue("s3")
            name = server.create()
            made.append((Store.at(StoreAddress(server.url(name), bucket.place(), bucket.access)), name))
        return made[-1][0]

    yield make
    for store, name in made:
        store.close()
        if name is not None:
            request.getfixturevalue("postgres").drop(name)


def a_picture(dataset: str, name: str, sha256: str) -> Picture:
    facts = {"width": 1, "height": 1, "bytes": 1, "format": "png", "added_at": now()}
    return Picture(dataset_id=dataset, name=name, sha256=sha256, **facts)


def fill(store: Store) -> dict[str, bytes]:
    """Rows with everything that is hard to carry from one database to another; returns the blobs by digest."""
    datas = [b"first", b"", bytes(range(256)) * 100, bytes(5_000_000), b"named by a manifest alone", b"a run's result"]
    digests = store.blobs.put_many(datas)
    manifest = f'["odd.png","{digests[4]}"]\n'.encode()
    store.blobs.put(b"nobody's")
    with store.writing() as work:
        dataset = Dataset(id="ds_1", name="花 “\n\\", created_at=now(), created_by=None, updated_at=now())
        work.session.add(dataset)
        work.session.flush()
        run = Run(
            id="rn_1",
            number=1,
            kind="train",
            state="done",
            subject={},
            settings={"deep": {"list": [1, 2.5, None, True, "é\n\u0001"]}, "big": 12345678901234567890},
            progress=0.1 + 0.2,
            result={"sha256": digests[5], "network": "f" * 64},
            created_at=datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
        )
        work.session.add_all(
            [
                *(a_picture("ds_1", f"{number}.png", digest) for number, digest in enumerate(digests[:4])),
                DatasetVersion(
                    id="dv_1",
                    dataset_id="ds_1",
                    number=1,
                    digest=store.blobs.put(manifest),
                    pictures=1,
                    counts={},
                    created_at=now(),
                ),
                run,
                Run(id="rn_2", number=2, kind="train", state="queued", subject={}, settings={}, created_at=now()),
                User(id="us_1", name="小明", password="$argon2id$…", role="owner", created_at=now()),
                Repeat(
                    user_id="us_1",
                    key="k",
                    request="0" * 64,
                    status=201,
                    headers={},
                    body=bytes(range(256)),
                    created_at=now(),
                ),
                Setting(name="null", value={"nothing": None}),
            ]
        )
        work.session.flush()
        work.session.add_all(
            [Event(run_id="rn_1", at=now(), kind="log", data={"text": f"{number}"}) for number in range(7)]
        )
    return {**dict(zip(digests, datas, strict=True)), store.blobs.put(manifest): manifest}


def rows(store: Store) -> dict[str, list[Any]]:
    with store.reading() as work:
        return {
            table.name: sorted(map(repr, work.session.execute(select(table)).all()))
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.parametrize("target", KINDS)
def test_a_backup_brings_back_every_row_and_every_blob_into_either_place(
    store: Store, target: str, empty: Any, tmp_path: Path
) -> None:
    blobs = fill(store)
    made = back_up(store, tmp_path / "backup.tar", "1.2.3")
    assert (made.blobs, made.missing, made.bytes) == (7, [], (tmp_path / "backup.tar").stat().st_size)
    assert (tmp_path / "backup.tar").stat().st_mode & 0o777 == 0o600
    other = empty(target)
    restored = restore(other, tmp_path / "backup.tar")
    assert (restored.rows, restored.blobs, restored.missing) == (made.rows, 7, [])
    assert rows(other) == rows(store)
    assert {info.sha256: other.blobs.get(info.sha256) for info in other.blobs.all()} == blobs
    with other.reading() as work:  # SQL's null and JSON's are still two things
        asked = text("SELECT count(*) FROM runs WHERE result IS NULL")
        with store.reading() as before:
            assert work.session.scalar(asked) == before.session.scalar(asked)
    with other.writing() as work:  # numbers go on where they were
        work.session.add(Event(run_id="rn_1", at=now(), kind="log", data={}))
    with other.reading() as work:
        assert work.session.scalar(select(func.max(Event.id))) == 8
    assert bring_up_to_date(other.database) is None


WRITES = """
import random
from sqlalchemy import delete, update
from fenlei.app.storage import open_store
from fenlei.settings import Settings
from fenlei.store import new_id, now
from fenlei.store.tables import Dataset, Picture, Setting

store, chance, number = open_store(Settings()), random.Random(1), 0
facts = {"width": 1, "height": 1, "bytes": 1, "format": "png"}
while True:
    digests = store.blobs.put_many([chance.randbytes(2_000) for _ in range(5)])
    with store.writing() as work:
        dataset = Dataset(id=new_id("ds"), name=f"{number}", created_at=now(), created_by=None, updated_at=now())
        work.session.add(dataset)
        work.session.flush()
        work.session.add_all(
            [Picture(dataset_id=dataset.id, name=name, sha256=name, added_at=now(), **facts) for name in digests]
        )
        number += 1
        if number % 3 == 0:
            work.session.execute(delete(Dataset).where(Dataset.name == f"{number - 2}"))
        work.session.merge(Setting(name="count", value={"count": number - number // 3}))
    if number == 3:
        print("writing", flush=True)
"""


def test_a_backup_is_of_one_moment_while_others_write(store: Store, empty: Any, tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITES], env={**os.environ, **environment(store)}, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"writing\n"
        made = [back_up(store, tmp_path / f"{number}.tar", "1") for number in range(3)]
        assert child.poll() is None, "the other process failed"
    finally:
        child.kill()
        child.communicate()
    assert [each.missing for each in made] == [[]] * 3
    for number in range(3):
        other = empty("sqlite-disk")
        restore(other, tmp_path / f"{number}.tar")
        with other.reading() as work:
            count = work.session.get_one(Setting, "count").value["count"]
            assert work.session.scalar(select(func.count(Dataset.id))) == count
            assert work.session.scalar(select(func.count(Picture.id))) == 5 * count
            assert all(other.blobs.has(digest) for digest in work.session.scalars(select(Picture.sha256)))


def test_what_is_missing_is_told_and_the_rest_comes_back(sqlite_store: Store, empty: Any, tmp_path: Path) -> None:
    blobs = fill(sqlite_store)
    folder = Path(sqlite_store.blobs.url)
    gone, damaged, large = [digest for digest, data in blobs.items() if len(data) in {5, 25_600, 5_000_000}]
    (folder / gone[:2] / gone).unlink()
    for digest in (damaged, large):
        (folder / digest[:2] / digest).write_bytes(bytes(len(blobs[digest]) - 1) + b"?")
    made = back_up(sqlite_store, tmp_path / "backup.tar", "1")
    assert made.missing == sorted([gone, damaged, large])
    other = empty("sqlite-disk")
    assert restore(other, tmp_path / "backup.tar").missing == made.missing
    assert {info.sha256 for info in other.blobs.all()} == blobs.keys() - {gone, damaged, large}


def test_a_full_database_is_never_overwritten(store: Store, tmp_path: Path) -> None:
    fill(store)
    before = rows(store)
    back_up(store, tmp_path / "backup.tar", "1")
    with pytest.raises(Conflict, match="restored into an empty workspace only"):
        restore(store, tmp_path / "backup.tar")
    assert rows(store) == before
    with pytest.raises(StoreError, match=r"backup\.tar exists already"):
        back_up(store, tmp_path / "backup.tar", "1")


def test_ctrl_c_leaves_no_half_file(sqlite_store: Store, empty: Any, tmp_path: Path) -> None:
    fill(sqlite_store)
    back_up(sqlite_store, tmp_path / "whole.tar", "1")
    before = set(tmp_path.iterdir())

    def stop(stage: str, done: int, total: int) -> None:
        if (stage, done) in {("copying files", 2), ("writing rows", 5)}:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(sqlite_store, tmp_path / "backup.tar", "1", stop)
    assert set(tmp_path.iterdir()) == before
    other = empty("sqlite-disk")
    with pytest.raises(KeyboardInterrupt):
        restore(other, tmp_path / "whole.tar", stop)
    assert restore(other, tmp_path / "whole.tar").missing == []  # it can be begun again
    assert rows(other) == rows(sqlite_store)


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_that_is_no_longer_whole_restores_nothing(
    sqlite_store: Store, kind: str, empty: Any, tmp_path: Path
) -> None:
    fill(sqlite_store)
    whole = tmp_path / "whole.tar"
    back_up(sqlite_store, whole, "1")
    other = empty(kind)
    torn = tmp_path / "torn.tar"
    for length in (0, 100, 20_000, whole.stat().st_size - 11_000):
        torn.write_bytes(whole.read_bytes()[:length])
        with pytest.raises(StoreError):
            restore(other, torn)
    torn.write_bytes(whole.read_bytes().replace(b'["ds_1","', b'["ds_1,",'))
    with pytest.raises(StoreError, match="not understood"):
        restore(other, torn)
    torn.write_bytes(whole.read_bytes().replace(b'{"table":"datasets"', b'{"table":"data;sets'))
    with pytest.raises(StoreError):
        restore(other, torn)
    torn.write_bytes(whole.read_bytes().replace(b'"step": "', b'"step": "9'))
    with pytest.raises(StoreError):
        restore(other, torn)
    assert restore(other, whole).missing == []


def test_a_backup_of_a_newer_fenlei_is_refused(sqlite_store: Store, empty: Any, tmp_path: Path) -> None:
    back_up(sqlite_store, tmp_path / "whole.tar", "1")
    with tarfile.open(tmp_path / "whole.tar") as old, tarfile.open(tmp_path / "newer.tar", "w") as new:
        for member in old:
            data = old.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "fenlei-backup.json":
                data = json.dumps({**json.loads(data), "step": "9999"}).encode()
                member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    with pytest.raises(NewerDatabase, match="at step 9999"):
        restore(empty("sqlite-disk"), tmp_path / "newer.tar")


def test_files_that_cannot_be_used_are_named(sqlite_store: Store, empty: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nothing/backup\.tar cannot be written: No such file or directory"):
        back_up(sqlite_store, tmp_path / "nothing" / "backup.tar", "1")
    (tmp_path / "text").write_text("no backup")
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(tmp_path / "text", "../../evil")
    for name in ("nothing", "text", "other.tar"):
        with pytest.raises(StoreError, match=name):
            restore(empty("sqlite-disk"), tmp_path / name)


def test_by_command(sqlite_store: Store, tmp_path: Path) -> None:
    fill(sqlite_store)
    words = environment(sqlite_store)
    database, blobs = words["FENLEI_DATABASE_URL"], words["FENLEI_BLOB_URL"]
    file, new = tmp_path / "backup.tar", tmp_path / "new"
    told = fenlei("backup", file, "--database", database, "--blobs", blobs, workspace=tmp_path)
    assert told.code == 0
    assert "rows, 7 files" in told.err
    told = fenlei("restore", file, "--workspace", new, workspace=tmp_path)
    assert told.code == 0
    assert "Restored" in told.err
    assert "and 7 files" in told.err
    again = fenlei("restore", file, "--workspace", new, "--json", workspace=tmp_path)
    assert (again.code, again.out) == (1, "")
    assert "There is something in the database already." in again.err
    assert sorted(path.name for path in new.iterdir() if "fenlei.db" not in path.name) == ["blobs"]
