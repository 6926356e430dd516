"""Rows as text that either database can read back: JSON Lines, the first line naming the columns and their kinds.

text, number, flag   as JSON has them
time                 ISO 8601 in UTC
json                 the JSON text itself, in a string
bytes                base64
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, LargeBinary, String, Table, Text, cast, select, text
from sqlalchemy.orm import Session

from fenlei.store.errors import StoreError
from fenlei.store.tables.base import Moment

ROWS = 5_000
"""Rows that are read or written at a time."""


def write_rows(session: Session, table: Table) -> Iterator[bytes]:
    """The lines of a table, in pieces of many lines."""
    kinds = [_kind(column) for column in table.columns]
    columns = zip(table.columns, kinds, strict=True)
    yield _line({"table": table.name, "columns": [[column.name, kind] for column, kind in columns]})
    written = [_WRITTEN.get(kind) for kind in kinds]
    asked = [
        cast(column, Text) if kind == "json" else column for column, kind in zip(table.columns, kinds, strict=True)
    ]
    found = session.execute(select(*asked), execution_options={"yield_per": ROWS})
    for partition in found.partitions():
        yield b"".join(
            _line([_apply(how, value) for how, value in zip(written, row, strict=True)]) for row in partition
        )


def read_rows(connection: Connection, lines: Iterable[bytes]) -> int:
    """Put the lines of one table into a database that has this table, empty; returns how many rows there were.

    Raises:
        StoreError: the lines are not what `write_rows` writes.
    """
    stream = iter(lines)
    try:
        header = json.loads(next(stream))
        name, columns = str(header["table"]), [(str(column), str(kind)) for column, kind in header["columns"]]
        insert = _insert_sqlite if connection.dialect.name == "sqlite" else _insert_postgres
        read = [_READ.get(kind, {}).get(connection.dialect.name) for _, kind in columns]
        rows = ([_apply(how, value) for how, value in zip(read, json.loads(line), strict=True)] for line in stream)
        return insert(connection, name, [column for column, _ in columns], rows)
    except (ValueError, KeyError, TypeError, StopIteration) as exc:
        raise StoreError(f"The rows of a table in this backup are not understood ({exc}).") from exc


def _kind(column: Column[Any]) -> str:
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        (Moment, "time"),
        (JSON, "json"),
        (LargeBinary, "bytes"),
        (Boolean, "flag"),
        (String, "text"),
    ]
    return next((kind for types, kind in kinds if isinstance(column.type, types)), "number")


_WRITTEN: dict[str, Callable[[Any], Any]] = {
    "time": lambda value: value.isoformat(),
    "bytes": lambda value: base64.b64encode(value).decode(),
}


def _sqlite_time(value: str) -> str:
    return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


_READ: dict[str, dict[str, Callable[[Any], Any]]] = {
    "time": {"sqlite": _sqlite_time},
    "flag": {"sqlite": int},
    "bytes": {"sqlite": base64.b64decode, "postgresql": base64.b64decode},
}


def _apply(how: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if how is None or value is None else how(value)


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _insert_sqlite(connection: Connection, table: str, columns: Sequence[str], rows: Iterator[list[Any]]) -> int:
    file: Any = connection.connection.dbapi_connection
    marks = ", ".join("?" * len(columns))
    return int(file.executemany(f"INSERT INTO {_quoted(table, columns)} VALUES ({marks})", rows).rowcount)  # noqa: S608


def _insert_postgres(connection: Connection, table: str, columns: Sequence[str], rows: Iterator[list[Any]]) -> int:
    count = 0
    server: Any = connection.connection.dbapi_connection
    with server.cursor() as cursor:
        with cursor.copy(f"COPY {_quoted(table, columns)} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        # Numbers that the server gives go on behind those that are there.
        for column in columns:
            counted = connection.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table, "column": column}
            ).scalar()
            if counted is not None and count:
                cursor.execute(f'SELECT setval(\'{counted}\', (SELECT max("{column}") FROM "{table}"))')  # noqa: S608
    return count


def _quoted(table: str, columns: Sequence[str]) -> str:
    """Names of tables and columns come from a file that somebody may have made: they are plain words or refused."""
    for name in (table, *columns):
        if not name.isidentifier():
            raise StoreError(f"The backup has a table or column called {name!r}; such names are no names of Fenlei's.")
    listed = ", ".join(f'"{column}"' for column in columns)
    return f'"{table}" ({listed})'
