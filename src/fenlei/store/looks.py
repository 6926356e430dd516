"""What decoding files to their last pixel has shown, kept by their digests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from fenlei.store.tables import Look, Picture


class Looks:
    """Looks at files."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, dataset_id: str, method: str) -> dict[str, tuple[str | None, str | None, float | None]]:
        """What is known of the files of a data set by this way of looking: problem, pixels and spread by digest."""
        files = select(Picture.sha256).where(Picture.dataset_id == dataset_id, Picture.removed_at.is_(None))
        query = select(Look.sha256, Look.problem, Look.pixels, Look.spread)
        query = query.where(Look.method == method, Look.sha256.in_(files))
        return {row[0]: (row[1], row[2], row[3]) for row in self._session.execute(query)}

    def remember(self, rows: Sequence[dict[str, Any]]) -> None:
        """Keep looks, given as values by column, in the place of those by an older method. Whoever looked at the same
        file at the same time has seen the same."""
        if not rows:
            return
        old = delete(Look).where(Look.sha256.in_([row["sha256"] for row in rows]), Look.method != rows[0]["method"])
        self._session.execute(old, execution_options={"synchronize_session": False})
        is_sqlite = self._session.get_bind().dialect.name == "sqlite"
        query = (sqlite if is_sqlite else postgresql).insert(Look).on_conflict_do_nothing()
        self._session.execute(query, list(rows))
