"""What a database says when it cannot, as sentences for a person: which database, what is wrong, what helps."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from fenlei.contract.errors import FenleiError
from fenlei.store.errors import Conflict, StoreError

BUSY_SECONDS = 30
"""How long a writer waits for the ones before it."""

_BUSY = f"is being written by somebody else for more than {BUSY_SECONDS} seconds; try again later"

_SQLITE = {
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_READONLY": "cannot be written: the file or its folder is read-only",
    "SQLITE_PERM": "cannot be written: the file or its folder is read-only",
    "SQLITE_CANTOPEN": "cannot be opened: its folder is not there, or this user may not use it",
    "SQLITE_NOTADB": "is no SQLite database, or is damaged; restore a backup by `fenlei restore`",
    "SQLITE_CORRUPT": "is damaged; restore a backup by `fenlei restore`",
    "SQLITE_FULL": "cannot grow: there is no room left on its disk",
    "SQLITE_IOERR": "cannot be read or written: its disk reports an error or is full",
}

_POSTGRES = {
    "55P03": _BUSY,
    "25P03": "ended a transaction that had been doing nothing for too long; try again",
    "53100": "cannot grow: there is no room left on its disk",
    "53300": "has no connection left for us; raise its max_connections or run fewer servers",
    "25006": "is read-only: it may be a standby",
    "42501": "does not let this user do that; it must own its tables",
}

_TAKEN = {"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_DANGLING = {"23503", "SQLITE_CONSTRAINT_FOREIGNKEY"}


@contextmanager
def told(url: URL) -> Iterator[None]:
    """Errors of the database that leave the block are sentences: StoreError, or Conflict where a rule of the tables was
    broken that the asker had not looked after."""
    try:
        yield
    except DBAPIError as exc:
        raise sentence(url, exc) from exc
    except sqlite3.Error as exc:  # met while a transaction began, where SQLAlchemy does not look
        raise sentence(url, DBAPIError(None, None, exc)) from exc
    except PoolTimeoutError as exc:
        raise StoreError(f"{name(url)} is busy: all its connections are in use. Try again later.") from exc


def name(url: URL) -> str:
    """The database as a person knows it; never with its password."""
    if url.get_backend_name() == "sqlite":
        return f"The database {url.database}"
    host = url.query.get("host") or url.host or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"The PostgreSQL database {url.database} at {host}{port}"


def sentence(url: URL, exc: DBAPIError) -> FenleiError:
    """What to tell a person."""
    code = _code(exc)
    if isinstance(exc, IntegrityError) and code in _TAKEN:
        return Conflict(f"There is one already: {_rule(exc)} is taken.")
    if isinstance(exc, IntegrityError) and code in _DANGLING:
        return Conflict("Something that this refers to is not there, or something still refers to this.")
    if code in _POSTGRES:
        return StoreError(f"{name(url)} {_POSTGRES[code]}.")
    for beginning, said in _SQLITE.items():
        if code.startswith(beginning):
            return StoreError(f"{name(url)} {said}.")
    if code in {"22001", "22021", "22P05"}:
        return Conflict(f"A text cannot be kept as it is: {_first_line(exc)}.")
    return StoreError(f"{name(url)} cannot be used: {_first_line(exc)}.")


def _code(exc: DBAPIError) -> str:
    if isinstance(exc.orig, sqlite3.Error):
        return getattr(exc.orig, "sqlite_errorname", None) or ""
    return getattr(exc.orig, "sqlstate", None) or ""


def _rule(exc: DBAPIError) -> str:
    """The columns of a unique rule."""
    if isinstance(exc.orig, sqlite3.Error):
        return str(exc.orig).rpartition(": ")[2]
    said = re.search(r"Key \((.*?)\)=", str(exc.orig))
    table = getattr(getattr(exc.orig, "diag", None), "table_name", None)
    return f"{table}.{said[1]}" if said else "a name or number"


def _first_line(exc: DBAPIError) -> str:
    return (str(exc.orig).strip() or type(exc.orig).__name__).split("\n")[0].rstrip(".")
