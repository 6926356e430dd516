"""Stores for tests: the database a laptop has and the one a company has, both real, each test with its own.

`store` runs a test on both; `sqlite_store` where one suffices; `make_store` where a test needs several.
`environment(store)` is what another process needs to open the same one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # the fixtures are known to every test; only those that ask for one shall pay for SQLAlchemy
    from fenlei.store import Store
    from tests.support.postgres import Postgres
    from tests.support.s3 import S3

KINDS = ("sqlite-disk", "postgres-s3")

MakeStore = Callable[[str], "Store"]
"""Makes a new, empty, migrated store of a kind; it is closed and removed after the test."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server with a migrated database `template`."""
    from fenlei.store import Database, bring_up_to_date
    from tests.support.postgres import Postgres

    with Postgres() as server:
        server.template = server.create()
        database = Database(server.url(server.template))
        bring_up_to_date(database)
        database.close()
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """A server that speaks S3."""
    from tests.support.s3 import S3

    with S3() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    from fenlei.store import Database, bring_up_to_date

    path = tmp_path_factory.mktemp("template") / "fenlei.db"
    database = Database(path)
    bring_up_to_date(database)
    database.close()
    return path


@pytest.fixture
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeStore]:
    """Makes stores."""
    with ExitStack() as stack:

        def make(kind: str) -> Store:
            return stack.enter_context(_store(kind, request, tmp_path))

        yield make


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, make_store: MakeStore) -> Store:
    """A store of each kind in turn."""
    kind: str = request.param
    return make_store(kind)


@pytest.fixture
def sqlite_store(make_store: MakeStore) -> Store:
    """A store in a SQLite file, with blobs on disk."""
    return make_store("sqlite-disk")


@contextmanager
def _store(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Store]:
    from fenlei.store import Store, StoreAddress

    if kind == "sqlite-disk":
        place = folder / f"store-{len(list(folder.glob('store-*')))}"
        place.mkdir()
        shutil.copyfile(request.getfixturevalue("migrated_file"), place / "fenlei.db")
        store = Store.at(StoreAddress(place / "fenlei.db", place / "blobs"))
        try:
            yield store
        finally:
            store.close()
        return
    server: Postgres = request.getfixturevalue("postgres")
    bucket: S3 = request.getfixturevalue("s3")
    name = server.create(server.template)
    store = Store.at(StoreAddress(server.url(name), bucket.place(), bucket.access))
    try:
        yield store
    finally:
        store.close()
        server.drop(name)


def environment(store: Store) -> dict[str, str]:
    """The variables by which another Fenlei process opens the same store."""
    address = store.address
    database = f"sqlite:///{address.database}" if isinstance(address.database, Path) else address.database
    found = {
        "FENLEI_DATABASE_URL": database,
        "FENLEI_BLOB_URL": str(address.blobs),
    }
    if address.s3 is not None:
        given = {
            "FENLEI_S3_ENDPOINT": address.s3.endpoint,
            "FENLEI_S3_KEY_ID": address.s3.key_id,
            "FENLEI_S3_SECRET": address.s3.secret,
            "FENLEI_S3_REGION": address.s3.region,
        }
        found |= {name: value for name, value in given.items() if value is not None}
    return found
