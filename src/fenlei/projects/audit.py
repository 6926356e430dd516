"""Write down who changed what, in the transaction of the change or right after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fenlei.projects.who import Who
from fenlei.store import Store, Work, now
from fenlei.store.tables import AuditEntry

ObjectId = str | Callable[[Work], str] | None
"""Of the row that something is done to, or how to find it in the transaction that makes it."""


def record(work: Work, who: Who, action: str, object_id: str | None = None, **detail: Any) -> None:
    """Add an entry to the audit log.

    Args:
        work: the transaction.
        who: did it.
        action: noun and verb, such as `dataset.delete`.
        object_id: of the row it was done to.
        detail: more, JSON-ready; never a secret.
    """
    work.audit.add(
        AuditEntry(
            at=now(),
            user_id=who.user_id,
            user_name=who.name,
            token_id=who.token_id,
            action=action,
            object_id=object_id,
            detail=detail,
        )
    )


def note(store: Store, who: Who, action: str, object_id: str | None = None, **detail: Any) -> None:
    """Add an entry right after the change, where its id was not known before: of what was made. In a call of the
    management API both are committed together; elsewhere the row itself says who made it."""
    with store.writing() as work:
        record(work, who, action, object_id, **detail)


def audited(store: Store, who: Who, action: str, object_id: ObjectId = None, **detail: Any) -> Store:
    """The store for one call of a use case: the first transaction that changes something also gets the entry, so that
    there is neither a change without an entry nor an entry of what failed; a call that finds everything so already is
    written down too. An id that this transaction makes is told
    by a function that finds it there."""
    return _Audited(store, who, action, object_id, detail)


class _Audited(Store):
    """See `audited`."""

    def __init__(self, store: Store, who: Who, action: str, object_id: ObjectId, detail: dict[str, Any]) -> None:
        super().__init__(store.database, store.blobs)
        self._entry = (who, action, object_id, detail)
        self._recorded = False

    @contextmanager
    def writing(self) -> Iterator[Work]:
        with super().writing() as work:
            yield work
            if not self._recorded:
                who, action, object_id, detail = self._entry
                found = object_id(work) if callable(object_id) else object_id
                record(work, who, action, found, **detail)
        self._recorded = True
