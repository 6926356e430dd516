"""Who changed what, and answers kept for callers who ask twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fenlei.store.tables import AuditEntry, Repeat, Setting


class Audit:
    """The list of changes, which only grows."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, entry: AuditEntry) -> None:
        """Write one down."""
        self._session.add(entry)
        self._session.flush()

    def page(
        self, before: int | None, limit: int, *, object_id: str | None = None, user_id: str | None = None
    ) -> Sequence[AuditEntry]:
        """Entries, the latest first."""
        query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
        if before is not None:
            query = query.where(AuditEntry.id < before)
        if object_id is not None:
            query = query.where(AuditEntry.object_id == object_id)
        if user_id is not None:
            query = query.where(AuditEntry.user_id == user_id)
        return self._session.scalars(query).all()


class Repeats:
    """Answers to creating calls by their idempotency keys."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, row: Repeat) -> Repeat | None:
        """Take a key: None when it is ours now, else what is kept under it; without a status where its server died
        before it could keep the answer."""
        found = self._session.get(Repeat, (row.user_id, row.key))
        if found is not None:
            return found
        try:
            with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError:
            return self._session.get(Repeat, (row.user_id, row.key), populate_existing=True)
        return None

    def get(self, user_id: str, key: str, since: datetime) -> Repeat | None:
        """What is kept under a key that was not sent before `since`."""
        found = self._session.get(Repeat, (user_id, key))
        return found if found is not None and found.created_at >= since else None

    def finish(self, user_id: str, key: str, status: int, headers: dict[str, Any], body: bytes | None) -> None:
        """Keep the answer."""
        self._session.execute(
            update(Repeat)
            .where(Repeat.user_id == user_id, Repeat.key == key)
            .values(status=status, headers=headers, body=body)
        )

    def forget(self, user_id: str, key: str) -> None:
        """Let a key go whose call failed."""
        self._session.execute(delete(Repeat).where(Repeat.user_id == user_id, Repeat.key == key))

    def forget_old(self, before: datetime) -> None:
        """Remove what nobody will repeat any more."""
        self._session.execute(delete(Repeat).where(Repeat.created_at < before))


class Remembered:
    """What the installation remembers about itself, by name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, name: str) -> dict[str, Any] | None:
        """What is kept under a name."""
        row = self._session.get(Setting, name)
        return None if row is None else row.value

    def put(self, name: str, value: dict[str, Any]) -> None:
        """Keep it."""
        self._session.merge(Setting(name=name, value=value))
        self._session.flush()
