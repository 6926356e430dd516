"""Pictures of a data set, listed by page and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fenlei.store.selection import PictureFilter, among, matching
from fenlei.store.tables import Picture
from fenlei.store.tallies import Tallies


class Glance(NamedTuple):
    """As much of a picture as work over all of them needs."""

    id: int
    name: str
    sha256: str
    label_id: str | None
    split: str | None
    given_split: str | None
    group: str | None
    width: int
    height: int


class Browse:
    """Pages and counts of the pictures of a data set."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(
        self, dataset_id: str, wanted: PictureFilter, after: int | None, limit: int, *, newest_first: bool = False
    ) -> tuple[list[Picture], int | None]:
        """Pictures by number, which is by when they came, and the cursor of the next page."""
        query = select(Picture).where(*matching(self._session, dataset_id, wanted)).limit(limit + 1)
        query = query.order_by(Picture.id.desc() if newest_first else Picture.id)
        if after is not None:
            query = query.where(Picture.id < after if newest_first else Picture.id > after)
        rows = list(self._session.scalars(query))
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def known(self, dataset_id: str, wanted: PictureFilter) -> int | None:
        """How many the filter lets through, where that is kept; None where they must be counted."""
        if wanted.check is not None or wanted.text:
            return None
        return Tallies(self._session).total(dataset_id, wanted)

    def count(self, dataset_id: str, wanted: PictureFilter) -> int:
        """How many the filter lets through, which asks for a check or a text; without one it is `known`."""
        query = select(Picture.id).where(*matching(self._session, dataset_id, wanted))
        if wanted.check is None:
            # As if they were listed: PostgreSQL then takes the index of the list also while it has no statistics.
            query = query.order_by(Picture.id)
        return self._session.scalar(select(func.count()).select_from(query.subquery())) or 0

    def counts(self, dataset_id: str) -> list[tuple[str | None, str | None, int]]:
        """How many pictures there are by label id and split."""
        return Tallies(self._session).cells(dataset_id)

    def all(self, dataset_id: str) -> list[Glance]:
        """Every picture that is there, by number."""
        query = (
            select(
                Picture.id,
                Picture.name,
                Picture.sha256,
                Picture.label_id,
                Picture.split,
                Picture.given_split,
                Picture.group,
                Picture.width,
                Picture.height,
            )
            .where(Picture.dataset_id == dataset_id, Picture.id > 0, Picture.removed_at.is_(None))
            .order_by(Picture.id)
        )
        return [Glance(*row) for row in self._session.execute(query)]

    def missing(self, dataset_id: str, numbers: Sequence[int]) -> list[int]:
        """Which of these numbers belong to no picture of the data set, removed or not; ascending."""
        query = select(Picture.id).where(Picture.dataset_id == dataset_id, among(self._session, Picture.id, numbers))
        return sorted(set(numbers).difference(self._session.scalars(query)))
