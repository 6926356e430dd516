"""Open SQLite or PostgreSQL, the same way for everybody: one writer at a time, readers who see one state.

What authors of query classes may rely on, on both databases:

- Inside `writing()` nobody else writes. What was read there still holds when it is written; read, decide, write needs
  no row locks and no second try, and writers cannot deadlock. SQLite gives this by `BEGIN IMMEDIATE`; on PostgreSQL
  each writing transaction first takes one advisory lock. On both they stand in line, so that nobody starves. The price
  is that writers wait for each other: keep it short, and put blobs, decode pictures and hash passwords outside.
- Inside `reading()` all questions are answered from one state; writing is refused. It is free: no writer waits for it.
- Rows are read as the writer before left them, because the turn is taken before the first question.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.orm import Session

from fenlei.store.errors import StoreError
from fenlei.store.sentences import BUSY_SECONDS, told
from fenlei.store.sqlite_line import Line

CONNECT_SECONDS = 5
"""After which a PostgreSQL server that does not answer is taken for away."""

WRITERS_TURN = 4_203_012
"""The advisory lock of writers on PostgreSQL."""

_WRITES = "fenlei_writes"

_SQLITE_SETUP = (
    "synchronous=FULL",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "journal_size_limit=67108864",
)

# A server that hangs in the middle of a transaction, or whose machine is gone, shall not keep the others waiting for
# ever; a reader may take its time.
_POSTGRES_SETUP = {
    "lock_timeout": f"{BUSY_SECONDS}s",
    "idle_in_transaction_session_timeout": "120s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
}


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
        options: dict[str, Any] = {"pool_size": 10, "max_overflow": 40, "pool_timeout": BUSY_SECONDS}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        else:
            options |= {"connect_args": {"connect_timeout": CONNECT_SECONDS}, "pool_pre_ping": True}
        try:
            self.engine: Engine = create_engine(self.url, **options)
        except ImportError as exc:
            raise StoreError("PostgreSQL needs psycopg: `pip install 'fenlei[postgres]'`.") from exc
        self._writer = self.engine.execution_options(**{_WRITES: True})
        if self.is_sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _BeginSqlite(Path(self.url.database or "")))
            self._reader = self.engine
        else:
            event.listen(self.engine, "connect", _set_up_postgres)
            event.listen(self.engine, "begin", _begin_postgres)
            self._writer = self._writer.execution_options(isolation_level="READ COMMITTED")
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

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
        """A transaction that sees one state of the database and changes nothing.

        Raises:
            StoreError: the database cannot be used.
        """
        with told(self.url), Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session
            session.expunge_all()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed at the end, or undone when an exception leaves it. Nobody else writes
        meanwhile.

        Raises:
            StoreError: the database cannot be used, or others have been writing for too long.
            Conflict: a rule of the tables was broken that nobody had looked after.
        """
        with told(self.url), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """As `writing`, for changes of the tables themselves: in SQLite foreign keys are off meanwhile, because a table
        that is dropped and made again would take with it what refers to it, and looked over at the end.

        Raises:
            StoreError: the database cannot be used, or a reference is left dangling.
        """
        with told(self.url), self._writer.connect() as connection:
            file: Any = connection.connection.dbapi_connection
            if self.is_sqlite:
                file.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
                    if self.is_sqlite and (wrong := file.execute("PRAGMA foreign_key_check").fetchone()):
                        raise StoreError(f"The database {self.file} cannot be migrated: a row of {wrong[0]} dangles.")
            finally:
                if self.is_sqlite:
                    file.execute("PRAGMA foreign_keys=ON")

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
    except (ArgumentError, NoSuchModuleError, ValueError):
        pass
    raise StoreError("The database URL is not understood; sqlite:///FILE and postgresql://USER:PASSWORD@HOST/NAME are.")


def _set_up_sqlite(connection: sqlite3.Connection, record: object) -> None:
    # Transactions are begun by _BeginSqlite; the driver's own idea of when to begin one would come too late.
    connection.isolation_level = None
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        _turn_to_wal(connection)
    for pragma in _SQLITE_SETUP:
        connection.execute(f"PRAGMA {pragma}")


def _turn_to_wal(connection: sqlite3.Connection) -> None:
    """Once in a file's life. SQLite does not wait for those who do the same at the same moment."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(0.01)


class _BeginSqlite:
    """Begins transactions: readers are kept from writing, writers come when their turn has come."""

    def __init__(self, file: Path) -> None:
        self._line = Line(file)

    def __call__(self, connection: Connection) -> None:
        file: Any = connection.connection.dbapi_connection
        writes = connection.get_execution_options().get(_WRITES, False)
        file.execute(f"PRAGMA query_only={0 if writes else 1}")
        if not writes:
            file.execute("BEGIN")
        elif not self._line.begin(file, BUSY_SECONDS):
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last try; fails as any other statement does


def _set_up_postgres(connection: Any, record: object) -> None:
    connection.autocommit = True
    connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in _POSTGRES_SETUP.items()))
    connection.autocommit = False


def _begin_postgres(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_TURN})")
