"""How much a database is asked to do, counted: the same on a quick machine and on a busy one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from fenlei.store import Store

GRAIN = 100
"""Steps of SQLite's machine between two counts."""


@dataclass
class Effort:
    """What was done while it was counted.

    Attributes:
        steps: of SQLite's virtual machine; a hundred million take about a second or two.
        statements: that were sent.
    """

    steps: int = 0
    statements: int = 0


@contextmanager
def counting_steps(session: Session) -> Iterator[Effort]:
    """Count the steps of a session's SQLite connection until the block ends."""
    effort = Effort()
    file: Any = session.connection().connection.dbapi_connection

    def count() -> int:
        effort.steps += GRAIN
        return 0

    file.set_progress_handler(count, GRAIN)
    try:
        yield effort
    finally:
        file.set_progress_handler(None, 0)


@contextmanager
def counting_statements(store: Store) -> Iterator[Effort]:
    """Count the statements that are sent to a store's database until the block ends."""
    effort = Effort()

    def count(*_: object) -> None:
        effort.statements += 1

    event.listen(store.database.engine, "before_cursor_execute", count)
    try:
        yield effort
    finally:
        event.remove(store.database.engine, "before_cursor_execute", count)
