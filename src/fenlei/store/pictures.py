"""Pictures of data sets: put in, asked for by name or number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from fenlei.store.errors import NotFound
from fenlei.store.ids import new_id
from fenlei.store.tables import Label, Picture
from fenlei.store.tallies import Tallies, Update


@dataclass(frozen=True)
class Known:
    """What is known of a picture under its name."""

    id: int
    name: str
    sha256: str
    label_id: str | None
    removed: bool


class Pictures:
    """The pictures of data sets."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, picture_id: int) -> Picture:
        """The picture, removed or not.

        Raises:
            NotFound: there is none with this number.
        """
        picture = self._session.get(Picture, picture_id)
        if picture is None:
            raise NotFound(f"There is no picture {picture_id}.")
        return picture

    def named(self, dataset_id: str, names: Sequence[str]) -> dict[str, Known]:
        """What is known of those of these names that there are, removed ones too."""
        query = select(Picture.id, Picture.name, Picture.sha256, Picture.label_id, Picture.removed_at).where(
            Picture.dataset_id == dataset_id, Picture.name.in_(names)
        )
        return {
            row.name: Known(row.id, row.name, row.sha256, row.label_id, row.removed_at is not None)
            for row in self._session.execute(query)
        }

    def add_many(self, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add pictures, given as values by column; returns their numbers in the same order."""
        if not rows:
            return []
        Tallies(self._session).added(rows)
        query = insert(Picture).returning(Picture.id, sort_by_parameter_order=True)
        # Without this, rows are sent in runs with the same columns empty: where some have no class, one by one.
        whole = {"render_nulls": True}
        return list(self._session.scalars(query, [dict(row) for row in rows], execution_options=whole))

    def bring_back(self, dataset_id: str, picture_id: int, values: Mapping[str, Any]) -> None:
        """Let a removed picture be there again, with these values by column."""
        mine = (Picture.dataset_id == dataset_id, Picture.id == picture_id)
        Tallies(self._session).update(dataset_id, 1, Update({**values, "removed_at": None}, mine))

    def missing_labels(self, dataset_id: str, names: Iterable[str]) -> set[str]:
        """Those of these names that no label of the data set has."""
        there = self._session.scalars(select(Label.name).where(Label.dataset_id == dataset_id))
        return set(names).difference(there)

    def declare_labels(self, dataset_id: str, names: Iterable[str]) -> dict[str, str]:
        """Make the labels that are missing, behind those that are there and in this order.

        Returns:
            The id of every label of the data set by its name.
        """
        query = select(Label.name, Label.id, Label.position).where(Label.dataset_id == dataset_id)
        rows = self._session.execute(query).all()
        ids = {row.name: row.id for row in rows}
        position = max((row.position for row in rows), default=-1) + 1
        missing = [name for name in dict.fromkeys(names) if name not in ids]
        new = [
            {"id": new_id("lb"), "dataset_id": dataset_id, "name": name, "position": position + number}
            for number, name in enumerate(missing)
        ]
        if new:
            self._session.execute(insert(Label), new)
        return ids | {str(row["name"]): str(row["id"]) for row in new}

    def count(self, dataset_id: str) -> int:
        """How many there are, without removed ones."""
        return Tallies(self._session).sizes([dataset_id])[dataset_id]
