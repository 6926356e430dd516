"""What the checks of data sets have to say, and when they were last asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from fenlei.store.clock import now
from fenlei.store.tables import CheckRun, Finding, Picture

_MANY = 100


class Flagged(NamedTuple):
    """A picture that is there and that a check has an open finding about."""

    id: int
    cluster: int | None
    label_id: str | None
    width: int
    height: int


class Findings:
    """Findings by data set and check."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def replace(self, dataset_id: str, check: str, revision: int, rows: Sequence[dict[str, Any]]) -> None:
        """Put what a check says now in the place of what it said before.

        Args:
            dataset_id: the data set.
            check: the check.
            revision: of the data set, as it was looked at.
            rows: `picture_id`, `cluster` and `detail` of each finding; one for a picture at most.
        """
        for table in (Finding, CheckRun):
            self._execute(delete(table).where(table.dataset_id == dataset_id, table.check == check))
        if rows:
            fixed = {"dataset_id": dataset_id, "check": check, "open": True}
            self._session.execute(insert(Finding), [{**row, **fixed} for row in rows])
        if len(rows) >= _MANY and self._session.get_bind().dialect.name == "postgresql":
            # Until it has counted for itself PostgreSQL takes them for one finding on one picture, and lists of
            # pictures with a finding then compare each with each.
            self._session.execute(text("ANALYZE findings, pictures"))
        values = {"dataset_id": dataset_id, "check": check, "revision": revision, "at": now(), "found": len(rows)}
        self._session.execute(insert(CheckRun).values(**values))

    def runs(self, dataset_id: str) -> dict[str, CheckRun]:
        """When each check was last asked, by its name."""
        query = select(CheckRun).where(CheckRun.dataset_id == dataset_id)
        return {run.check: run for run in self._session.scalars(query)}

    def open_counts(self, dataset_id: str) -> dict[str, int]:
        """How many open findings each check has; without those about removed pictures."""
        query = (
            select(Finding.check, func.count())
            .outerjoin(Picture, Picture.id == Finding.picture_id)
            .where(Finding.dataset_id == dataset_id, Finding.open, Picture.removed_at.is_(None))
            .group_by(Finding.check)
        )
        return {row[0]: row[1] for row in self._session.execute(query)}

    def page(self, dataset_id: str, check: str, after: int | None, limit: int) -> tuple[list[Finding], int | None]:
        """Open findings, those of a cluster one after the other, and the cursor of the next page."""
        query = (
            select(Finding)
            .outerjoin(Picture, Picture.id == Finding.picture_id)
            .where(Finding.dataset_id == dataset_id, Finding.check == check, Finding.open)
            .where(Picture.removed_at.is_(None))
            .order_by(Finding.id)
            .limit(limit + 1)
        )
        rows = list(self._session.scalars(query if after is None else query.where(Finding.id > after)))
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def flagged(self, dataset_id: str, check: str) -> list[Flagged]:
        """The pictures that a check has open findings about, by number."""
        query = (
            select(Picture.id, Finding.cluster, Picture.label_id, Picture.width, Picture.height)
            .join(Picture, Picture.id == Finding.picture_id)
            .where(Finding.dataset_id == dataset_id, Finding.check == check, Finding.open)
            .where(Picture.removed_at.is_(None))
            .order_by(Picture.id)
        )
        return [Flagged(*row) for row in self._session.execute(query)]

    def clusters(self, dataset_id: str, checks: Sequence[str]) -> list[tuple[str, int, int]]:
        """(check, cluster, picture) of all findings of these checks that have a cluster, open or not."""
        query = select(Finding.check, Finding.cluster, Finding.picture_id).where(
            Finding.dataset_id == dataset_id,
            Finding.check.in_(checks),
            Finding.cluster.is_not(None),
            Finding.picture_id.is_not(None),
        )
        rows: Sequence[Any] = self._session.execute(query).all()
        return [(row[0], row[1], row[2]) for row in rows]

    def close(self, dataset_id: str, check: str, change_id: int, but: Collection[int] = ()) -> None:
        """Say that a change has put right what a check found, but for some clusters."""
        query = update(Finding).where(Finding.dataset_id == dataset_id, Finding.check == check, Finding.open)
        if but:
            query = query.where(Finding.cluster.is_(None) | Finding.cluster.not_in(sorted(but)))
        self._execute(query.values(open=False, fixed_by=change_id))

    def _execute(self, query: Any) -> None:
        self._session.execute(query, execution_options={"synchronize_session": False})
