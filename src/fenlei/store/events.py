"""Events of runs, in order. Whoever adds one holds the run's job row, so that ids grow in the order of commits and a
reader who goes on after the last id it saw misses none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from fenlei.store.tables import Event


@dataclass(frozen=True)
class NewEvent:
    """Something that happened: `kind` is state, progress, candidate, metric, log, result or node."""

    kind: str
    data: dict[str, Any]
    at: datetime
    step: str | None = None


class Events:
    """Events by run."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, run_id: str, events: Sequence[NewEvent]) -> None:
        """Add events in this order."""
        if events:
            self._session.execute(
                insert(Event),
                [{"run_id": run_id, "at": e.at, "kind": e.kind, "step": e.step, "data": e.data} for e in events],
            )

    def after(
        self,
        run_id: str,
        after: int,
        limit: int,
        *,
        kinds: Collection[str] | None = None,
        step: str | None = None,
    ) -> Sequence[Event]:
        """Events with a greater id, in order.

        Args:
            run_id: of this run.
            after: the last id that is known; 0 for none.
            limit: how many at most.
            kinds: only these kinds.
            step: only of this step.
        """
        query = select(Event).where(Event.run_id == run_id, Event.id > after).order_by(Event.id).limit(limit)
        if kinds is not None:
            query = query.where(Event.kind.in_(kinds))
        if step is not None:
            query = query.where(Event.step == step)
        return self._session.scalars(query).all()

    def thin(self, run_id: str, kind: str, keep: int) -> None:
        """Of one kind leave about `keep` events, evenly spread, the last among them."""
        numbered = (
            select(
                Event.id,
                func.row_number().over(order_by=Event.id).label("place"),
                func.count().over().label("all"),
            )
            .where(Event.run_id == run_id, Event.kind == kind)
            .subquery()
        )
        needless = select(numbered.c.id).where(
            numbered.c.all > keep,
            numbered.c.place != numbered.c.all,
            numbered.c.place % ((numbered.c.all + keep - 1) // keep) != 0,
        )
        self._session.execute(delete(Event).where(Event.id.in_(needless)).execution_options(synchronize_session=False))
