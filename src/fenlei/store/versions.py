"""Versions of data sets, and the rows that one is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fenlei.store.errors import NotFound
from fenlei.store.tables import Dataset, DatasetVersion, Label, Picture

PictureRow = tuple[str, str, str | None, str | None, str | None, int, int, int]
"""Name, SHA-256, label id, split, group, width, height, bytes."""


@dataclass(frozen=True)
class Snapshot:
    """A data set at one moment.

    Attributes:
        labels: (id, name) in declared order.
        pictures: without removed ones, in no order.
    """

    labels: list[tuple[str, str]]
    pictures: Sequence[PictureRow]


class Versions:
    """The versions of data sets."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def snapshot(self, dataset_id: str) -> Snapshot:
        """Read a data set as it is.

        Raises:
            NotFound: there is none with this id.
        """
        if self._session.scalar(select(Dataset.id).where(Dataset.id == dataset_id)) is None:
            raise NotFound(f"There is no data set {dataset_id}.")
        labels = self._session.execute(
            select(Label.id, Label.name).where(Label.dataset_id == dataset_id).order_by(Label.position, Label.id)
        )
        pictures = self._session.execute(
            select(
                Picture.name,
                Picture.sha256,
                Picture.label_id,
                Picture.split,
                Picture.group,
                Picture.width,
                Picture.height,
                Picture.bytes,
            ).where(Picture.dataset_id == dataset_id, Picture.removed_at.is_(None))
        )
        return Snapshot([(row[0], row[1]) for row in labels], cast("Sequence[PictureRow]", pictures.all()))

    def get(self, version_id: str) -> DatasetVersion:
        """The version.

        Raises:
            NotFound: there is none with this id.
        """
        version = self._session.get(DatasetVersion, version_id)
        if version is None:
            raise NotFound(f"There is no data set version {version_id}.")
        return version

    def numbered(self, dataset_id: str, number: int) -> DatasetVersion:
        """The version with this number.

        Raises:
            NotFound: there is none.
        """
        query = select(DatasetVersion).where(DatasetVersion.dataset_id == dataset_id, DatasetVersion.number == number)
        version = self._session.scalar(query)
        if version is None:
            raise NotFound(f"The data set {dataset_id} has no version {number}.")
        return version

    def with_digest(self, dataset_id: str, digest: str) -> DatasetVersion | None:
        """The version of this content."""
        query = select(DatasetVersion).where(DatasetVersion.dataset_id == dataset_id, DatasetVersion.digest == digest)
        return self._session.scalar(query)

    def next_number(self, dataset_id: str) -> int:
        """The number of a new version; the data set is locked."""
        query = select(func.max(DatasetVersion.number)).where(DatasetVersion.dataset_id == dataset_id)
        return (self._session.scalar(query) or 0) + 1

    def add(self, version: DatasetVersion) -> DatasetVersion:
        """Add one."""
        self._session.add(version)
        self._session.flush()
        return version

    def page(self, dataset_id: str, after: int | None, limit: int) -> tuple[list[DatasetVersion], int | None]:
        """Versions of a data set, the latest first, and the cursor of the next page: a number."""
        query = select(DatasetVersion).where(DatasetVersion.dataset_id == dataset_id)
        if after is not None:
            query = query.where(DatasetVersion.number < after)
        rows = list(self._session.scalars(query.order_by(DatasetVersion.number.desc()).limit(limit + 1)))
        return rows[:limit], rows[limit - 1].number if len(rows) > limit else None
