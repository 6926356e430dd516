"""The stores that tests use are real, empty, and apart from each other."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from fenlei.store import Store, StoreAddress, new_id, now
from fenlei.store.tables import Dataset
from tests.support.postgres import Postgres
from tests.support.stores import MakeStore
from tests.support.until import until


def a_dataset(name: str = "flowers") -> Dataset:
    return Dataset(id=new_id("ds"), name=name, created_at=now(), created_by=None, updated_at=now())


def test_a_new_store_is_empty_and_keeps_what_it_is_given(store: Store) -> None:
    with store.writing() as work:
        assert work.session.query(Dataset).count() == 0
        work.session.add(a_dataset())
    digest = store.blobs.put(b"a picture")
    other = Store.at(store.address)
    with other.reading() as work:
        assert [row.name for row in work.session.query(Dataset)] == ["flowers"]
    assert other.blobs.get(digest) == b"a picture"
    other.close()


def test_two_stores_know_nothing_of_each_other(make_store: MakeStore) -> None:
    stores = [make_store(kind) for kind in ("sqlite-disk", "sqlite-disk", "postgres-s3", "postgres-s3")]
    for each in stores:
        with each.writing() as work:
            assert work.session.query(Dataset).count() == 0
            work.session.add(a_dataset())
        assert list(each.blobs.all()) == []
        each.blobs.put(b"a picture")


def test_an_address_does_not_show_its_secrets(s3: object) -> None:
    address = StoreAddress("postgresql://fenlei:geheim@host/name", "s3://b", getattr(s3, "access", None))
    assert "geheim" not in repr(address)
    assert "test-secret" not in repr(address)


PROGRAM = """
import time
from tests.support.postgres import Postgres

with Postgres() as server:
    print(server.pid, server.folder, flush=True)
    time.sleep(600)
"""


def test_a_server_ends_with_the_killed_test_run_that_started_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
    assert child.stdout is not None
    pid, folder = child.stdout.readline().decode().split()
    assert Path(f"/proc/{pid}").exists()
    child.send_signal(signal.SIGKILL)
    child.communicate()
    until(lambda: not Path(f"/proc/{pid}").exists(), 20, "the server's end")
    with Postgres() as server:  # the leftover folder is in nobody's way, and is swept
        assert server.pid != int(pid)
    assert not Path(folder).exists()
