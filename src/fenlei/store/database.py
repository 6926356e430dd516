"""Open SQLite or PostgreSQL, the same way for everybody: short transactions, writers in line, foreign keys on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from fenlei.store.errors import StoreError

BUSY_SECONDS = 30
"""How long a writer waits for the one before it."""

_WRITES = "fenlei_writes"


class Database:
    """One database and its connections. Safe from many threads; not to be carried over a fork."""

    def __init__(self, url: str | Path) -> None:
        """Prepare to connect; nothing is opened yet.

        Args:
            url: `sqlite:///FILE`, `postgresql://…`, or the path of a SQLite file.

        Raises:
            StoreError: the URL is neither.
        """
        self.url = _url(url)
        options: dict[str, Any] = {}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        try:
            self.engine: Engine = create_engine(self.url, pool_pre_ping=not self.is_sqlite, **options)
        except ImportError as exc:
            raise StoreError("PostgreSQL needs psycopg: `pip install 'fenlei[postgres]'`.") from exc
        if self.is_sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writer = self.engine.execution_options(**{_WRITES: True})

    @property
    def address(self) -> str | Path:
        """The path, or the URL with its password, for another process that opens the same database."""
        return self.file or self.url.render_as_string(hide_password=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a SQLite file; otherwise it is PostgreSQL."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """The SQLite file."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees one state of the database and changes nothing."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session
            session.expunge_all()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed at the end, or undone when an exception leaves it.

        In SQLite the writer takes its turn at the beginning, so that what it read still holds when it writes.
        """
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Let go of the connections."""
        self.engine.dispose()


def _url(url: str | Path) -> URL:
    if isinstance(url, Path):
        return URL.create("sqlite", database=str(url))
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            return parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            return parsed.set(drivername="sqlite")
    except (ArgumentError, NoSuchModuleError):
        pass
    raise StoreError("The database URL is not understood; sqlite:///FILE and postgresql://USER:PASSWORD@HOST/NAME are.")


def _set_up_sqlite(connection: Any, record: object) -> None:
    # Transactions are begun by _begin_sqlite; the driver's own idea of when to begin one would come too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def unreachable(exc: DBAPIError) -> StoreError:
    """The sentence for a database that cannot be used; never with its password."""
    return StoreError(f"The database cannot be used: {str(exc.orig).strip()}.")
