"""The classes of data sets, in the order in which they were declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fenlei.store.errors import Conflict, NotFound
from fenlei.store.tables import Label

Row = dict[str, Any]
"""A class as it was: id, name, position; name and position None where there was none of this id."""


class Labels:
    """The classes. Whoever changes them holds the data set locked."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, dataset_id: str) -> list[Label]:
        """The classes of a data set, in their order."""
        query = select(Label).where(Label.dataset_id == dataset_id).order_by(Label.position, Label.id)
        return list(self._session.scalars(query.execution_options(populate_existing=True)))

    def get(self, dataset_id: str, label_id: str) -> Label:
        """The class.

        Raises:
            NotFound: the data set has none with this id.
        """
        label = self._session.get(Label, label_id, populate_existing=True)
        if label is None or label.dataset_id != dataset_id:
            raise NotFound(f"There is no class {label_id} in this data set.")
        return label

    def add(self, dataset_id: str, names: Mapping[str, str]) -> None:
        """Add classes, given by id, behind the others.

        Raises:
            Conflict: there is one of such a name already.
        """
        last = self._session.scalar(select(func.max(Label.position)).where(Label.dataset_id == dataset_id))
        first = 0 if last is None else last + 1
        rows: list[Row] = [
            {"id": label_id, "name": name, "position": position}
            for position, (label_id, name) in enumerate(names.items(), start=first)
        ]
        self._write(dataset_id, rows)

    def rename(self, label_id: str, name: str) -> None:
        """Give it another name.

        Raises:
            Conflict: there is one of that name already.
        """
        try:
            with self._session.begin_nested():
                self._session.execute(update(Label).where(Label.id == label_id).values(name=name))
        except IntegrityError as exc:
            raise _taken([name]) from exc

    def order(self, label_ids: Sequence[str]) -> None:
        """Give the classes of a data set this order."""
        for position, label_id in enumerate(label_ids):
            self._session.execute(update(Label).where(Label.id == label_id).values(position=position))

    def remove(self, label_ids: Iterable[str]) -> None:
        """Remove classes that no picture has any more."""
        self._session.execute(delete(Label).where(Label.id.in_(list(label_ids))))

    def rows(self, label_ids: Sequence[str]) -> list[Row]:
        """The classes of these ids as they are now."""
        query = select(Label.id, Label.name, Label.position).where(Label.id.in_(label_ids))
        found = {
            row.id: {"id": row.id, "name": row.name, "position": row.position} for row in self._session.execute(query)
        }
        return [found.get(each, {"id": each, "name": None, "position": None}) for each in label_ids]

    def put_back(self, dataset_id: str, rows: Sequence[Row]) -> None:
        """Make classes what they were, those that were there.

        Raises:
            Conflict: another class has taken such a name since.
        """
        query = select(Label.id).where(Label.id.in_([row["id"] for row in rows]))
        there = set(self._session.scalars(query))
        wanted = [row for row in rows if row["name"] is not None]
        try:
            with self._session.begin_nested():
                for row in wanted:
                    if row["id"] in there:
                        values = {"name": row["name"], "position": row["position"]}
                        self._session.execute(update(Label).where(Label.id == row["id"]).values(**values))
        except IntegrityError as exc:
            raise _taken([row["name"] for row in wanted]) from exc
        self._write(dataset_id, [row for row in wanted if row["id"] not in there])

    def _write(self, dataset_id: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        try:
            with self._session.begin_nested():
                self._session.execute(insert(Label), [{**row, "dataset_id": dataset_id} for row in rows])
        except IntegrityError as exc:
            raise _taken([row["name"] for row in rows]) from exc


def _taken(names: Sequence[str]) -> Conflict:
    if len(names) == 1:
        return Conflict(f"There is already a class {names[0]!r}; merge the two, or choose another name.")
    return Conflict(f"There is already a class of one of these names: {', '.join(map(repr, names[:8]))}.")
