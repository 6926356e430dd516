"""Write down who changed what, in the transaction of the change or right after it."""

from __future__ import annotations

from typing import Any

from fenlei.projects.who import Who
from fenlei.store import Work, now
from fenlei.store.tables import AuditEntry


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
