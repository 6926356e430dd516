"""Workers: which processes carry out runs, and where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from fenlei.store.tables import Worker


class Workers:
    """Workers by id and by host."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, worker: Worker) -> None:
        """A worker has started."""
        self._session.add(worker)
        self._session.flush()

    def seen(self, worker_id: str, at: datetime) -> None:
        """It is still there."""
        self._session.execute(update(Worker).where(Worker.id == worker_id).values(seen_at=at))

    def remove(self, worker_id: str) -> None:
        """It is gone."""
        self._session.execute(delete(Worker).where(Worker.id == worker_id))

    def all(self) -> Sequence[Worker]:
        """Every worker, the oldest first."""
        return self._session.scalars(select(Worker).order_by(Worker.id)).all()

    def on(self, host: str) -> Sequence[Worker]:
        """The workers of one host."""
        return self._session.scalars(select(Worker).where(Worker.host == host).order_by(Worker.id)).all()

    def forget_unseen(self, before: datetime) -> None:
        """Remove workers of other hosts that went without saying so."""
        self._session.execute(delete(Worker).where(Worker.seen_at < before))
