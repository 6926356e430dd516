"""The database: writers in line, readers who see one state, and sentences when it cannot be used."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import select, text, update

from fenlei.store import Conflict, Database, Store, StoreError, bring_up_to_date, new_id, now
from fenlei.store.database import _POSTGRES_SETUP
from fenlei.store.tables import Dataset, Label, Setting
from tests.support.postgres import Postgres
from tests.support.stores import environment

ROOT = Path(__file__).parents[3]

OPENED = """
from fenlei.app.storage import open_store
from fenlei.settings import Settings

store = open_store(Settings())
"""


def a_dataset(name: str = "flowers") -> Dataset:
    return Dataset(id=new_id("ds"), name=name, created_at=now(), created_by=None, updated_at=now())


@contextmanager
def program(text: str, store: Store, *words: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Another process that has opened the same store as `store`; the block begins when it says its first line."""
    child = subprocess.Popen(
        [sys.executable, "-c", OPENED + text, *words],
        env={**os.environ, **environment(store)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline(), "the other process did not come up"
        yield child, child.stdout
    finally:
        child.kill()
        child.communicate()


COUNTS = """
import sys
from fenlei.store.tables import Setting

print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[1])):
    with store.writing() as work:
        row = work.session.get(Setting, "count")
        row.value = {"count": row.value["count"] + 1}
"""


def test_what_a_writer_read_still_holds_when_it_writes(store: Store) -> None:
    with store.writing() as work:
        work.session.add(Setting(name="count", value={"count": 0}))
    with program(COUNTS, store, "50") as (first, _), program(COUNTS, store, "50") as (second, _):
        for child in (first, second):
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()

        def count() -> None:
            for _ in range(25):
                with store.writing() as work:
                    value = work.session.scalars(select(Setting.value).where(Setting.name == "count")).one()
                    work.session.execute(update(Setting).values(value={"count": value["count"] + 1}))

        threads = [threading.Thread(target=count) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert [first.wait(60), second.wait(60)] == [0, 0]
    with store.reading() as work:
        assert work.session.scalars(select(Setting.value)).one() == {"count": 200}


def test_a_reader_sees_one_state_and_waits_for_nobody(store: Store) -> None:
    with store.writing() as work:
        work.session.add(a_dataset("first"))
    with store.reading() as reader:
        assert reader.session.scalars(select(Dataset.name)).all() == ["first"]
        with store.writing() as writer:
            writer.session.add(a_dataset("second"))
            writer.session.flush()
            with store.reading() as other:
                assert other.session.scalars(select(Dataset.name)).all() == ["first"]
        assert reader.session.scalars(select(Dataset.name)).all() == ["first"]
    with store.reading() as reader:
        assert len(reader.session.scalars(select(Dataset.name)).all()) == 2


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError), store.reading() as work:
        work.session.execute(update(Dataset).values(name="other"))
    with store.writing() as work:  # the same connection may write again
        work.session.add(a_dataset())


def test_an_exception_undoes_everything(store: Store) -> None:
    def fail() -> None:
        with store.writing() as work:
            work.session.add(a_dataset())
            work.session.flush()
            raise RuntimeError("on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        fail()
    with store.reading() as work:
        assert work.session.scalars(select(Dataset)).all() == []


HOLDS_THE_TURN = """
import time
from fenlei.store import now
from fenlei.store.tables import Dataset

with store.writing() as work:
    work.session.add(Dataset(id="ds_1", name="half", created_at=now(), created_by=None, updated_at=now()))
    work.session.flush()
    print("holding", flush=True)
    time.sleep(600)
"""


def test_a_writer_killed_in_the_middle_leaves_nothing_and_holds_up_nobody(store: Store) -> None:
    with program(HOLDS_THE_TURN, store) as (child, _):
        child.send_signal(signal.SIGKILL)
        child.wait()
        begin = time.monotonic()
        with store.writing() as work:
            assert work.session.scalars(select(Dataset)).all() == []
            work.session.add(a_dataset())
        assert time.monotonic() - begin < 10


def test_a_writer_who_waits_too_long_is_told_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fenlei.store.database.BUSY_SECONDS", 0.3)
    monkeypatch.setitem(_POSTGRES_SETUP, "lock_timeout", "300ms")
    with program(HOLDS_THE_TURN, store):
        with pytest.raises(StoreError, match="is being written by somebody else"), store.writing() as work:
            work.session.add(a_dataset())
        with store.reading() as work:
            assert work.session.scalars(select(Dataset)).all() == []


HAMMERS = """
import itertools, time
from fenlei.store.tables import Setting

for number in itertools.count():
    with store.writing() as work:
        work.session.merge(Setting(name="hammer", value={"number": number}))
        work.session.flush()
        time.sleep(0.05)
    if number == 0:
        print("hammering", flush=True)
"""


def test_a_busy_writer_starves_nobody(store: Store) -> None:
    with program(HAMMERS, store), program(HAMMERS, store):
        slowest = 0.0
        for number in range(15):
            begin = time.monotonic()
            with store.writing() as work:
                work.session.merge(Setting(name="patient", value={"number": number}))
            slowest = max(slowest, time.monotonic() - begin)
    assert slowest < 2, f"a writer waited {slowest:.1f} s"


def test_broken_rules_are_conflicts(store: Store) -> None:
    with store.writing() as work:
        work.session.add(a_dataset("flowers"))
    with pytest.raises(Conflict, match=r"datasets\.name is taken"), store.writing() as work:
        work.session.add(a_dataset("flowers"))
    with pytest.raises(Conflict, match="is not there"), store.writing() as work:
        work.session.add(Label(id=new_id("lb"), dataset_id="ds_none", name="rose", position=0))


def test_texts_are_sorted_by_code_point_everywhere(store: Store) -> None:
    names = ["Ärger", "a", "B", "b b", "bb", "é", "z", "中", "😀", "~"]
    with store.writing() as work:
        work.session.add_all([a_dataset(name) for name in names])
    with store.reading() as work:
        assert work.session.scalars(select(Dataset.name).order_by(Dataset.name)).all() == sorted(names)
        if not store.database.is_sqlite:
            others = text(
                "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'"
                " AND data_type IN ('character varying', 'text') AND collation_name IS DISTINCT FROM 'C'"
                " AND table_name <> 'alembic_version'"
            )
            assert work.session.scalars(others).all() == []


def test_an_unreachable_postgres_is_a_sentence_within_seconds(postgres: Postgres) -> None:
    begin = time.monotonic()
    for url, said in {
        "postgresql://fenlei:geheim@127.0.0.1:9/platform": "platform at 127.0.0.1:9 cannot be used",
        postgres.url("nobodys").replace("fenlei@", "fenlei:geheim@"): 'database "nobodys" does not exist',
        postgres.url("postgres").replace("fenlei@", "eve:geheim@"): 'role "eve" does not exist',
    }.items():
        database = Database(url)
        for work in (database.reading, database.writing):
            with pytest.raises(StoreError, match=said) as raised, work() as session:
                session.execute(select(1))
            assert "geheim" not in str(raised.value)
            assert "\n" not in str(raised.value)
        database.close()
    assert time.monotonic() - begin < 15


def test_a_restarted_postgres_is_found_again(tmp_path: Path) -> None:
    with Postgres() as server:
        database = Database(server.url("postgres"))
        with database.writing() as session:
            session.execute(select(1))
        server.restart()
        with database.writing() as session:
            assert session.execute(select(1)).scalar() == 1
        database.close()


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "what", "postgresql://host:port/x"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(StoreError, match="not understood"):
        Database(url)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    database = Database(tmp_path / "nothing" / "fenlei.db")
    with pytest.raises(StoreError, match=r"nothing/fenlei\.db cannot be opened: its folder is not there"):
        bring_up_to_date(database)
    database.close()


def test_a_damaged_file_is_named(sqlite_store: Store, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    database = Database(garbage)
    with pytest.raises(StoreError, match=r"garbage\.db is no SQLite database, or is damaged"):
        bring_up_to_date(database)
    database.close()
    with sqlite_store.writing() as work:
        work.session.add_all([a_dataset(f"{number:04}" + "x" * 150) for number in range(500)])
    sqlite_store.close()
    file = sqlite_store.database.file
    assert file is not None
    with file.open("r+b") as bytes_:
        bytes_.seek(4096)
        bytes_.write(b"\xff" * (file.stat().st_size - 4096))
    with pytest.raises(StoreError, match=r"fenlei\.db is damaged; restore a backup"), sqlite_store.reading() as work:
        work.session.scalars(select(Dataset)).all()


AS_NOBODY = """
import os, sys
from pathlib import Path
from sqlalchemy import select
from fenlei.store import Database, StoreError
from fenlei.store.tables import Setting

database = Database(Path(sys.argv[1]))
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
try:
    with database.writing() as session:
        session.add(Setting(name="a", value={}))
except StoreError as exc:
    print(exc)
"""


def test_a_read_only_file_is_named(migrated_file: Path) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        file = folder / "fenlei.db"
        shutil.copyfile(migrated_file, file)
        with sqlite3.connect(file) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        connection.close()
        file.chmod(0o444)
        folder.chmod(0o555)
        words = [sys.executable, "-c", AS_NOBODY, str(file)]
        said = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=True).stdout
        assert said == f"The database {file} cannot be written: the file or its folder is read-only.\n"
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
