"""Pictures that go from one data set to another: copied by statements, not one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, insert, literal, null, select
from sqlalchemy.orm import Session, aliased

from fenlei.store.selection import among
from fenlei.store.tables import Change, ChangedPicture, Label, Picture
from fenlei.store.tallies import Tallies, Update

_COPIED = ("sha256", "given_split", "group", "width", "height", "bytes", "format", "import_id")

_Theirs = aliased(Label)


class Met(NamedTuple):
    """A picture that goes and one of the same name that is where it goes to.

    Attributes:
        id: of the one that goes.
        name: of both.
        there: number of the other.
        same: whether both are the same file.
        removed: whether the other one is removed.
    """

    id: int
    name: str
    there: int
    same: bool
    removed: bool


class Moves:
    """From one data set into another. Both are locked; what goes was written down in the change that takes it out."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def label_names(self, out: Change) -> list[str]:
        """The classes of the pictures that go, in their order."""
        used = select(Picture.label_id).where(Picture.id.in_(_going(out)))
        query = select(Label.name).where(Label.id.in_(used)).order_by(Label.position, Label.id)
        return list(self._session.scalars(query))

    def met(self, out: Change, target_id: str) -> list[Met]:
        """The pictures that go and whose name there is in the target already, by number."""
        there = aliased(Picture)
        query = (
            select(Picture.id, Picture.name, there.id, there.sha256 == Picture.sha256, there.removed_at.is_not(None))
            .join(there, (there.name == Picture.name) & (there.dataset_id == target_id))
            .where(Picture.id.in_(_going(out)))
            .order_by(Picture.id)
        )
        return [Met(*row) for row in self._session.execute(query)]

    def copy(self, out: Change, target_id: str, at: datetime, but: Sequence[int]) -> list[int]:
        """Copy the pictures that go, but for some; returns the numbers of the copies. They are in no part."""
        rows = _copies(target_id, at).where(Picture.id.in_(_going(out)))
        if but:
            rows = rows.where(~among(self._session, Picture.id, but))
        columns = [getattr(Picture, name) for name in _NAMES]
        query = insert(Picture).from_select(columns, rows).returning(Picture.id)
        return self._counted(query)

    def copy_as(self, target_id: str, at: datetime, names: Mapping[int, str]) -> list[int]:
        """Copy pictures, given by number, under other names."""
        found = self._session.execute(_copies(target_id, at).add_columns(Picture.id).where(Picture.id.in_(names)))
        rows = []
        for *values, number in found.all():
            row: dict[str, Any] = dict(zip(_NAMES, values, strict=True))
            rows.append({**row, "name": names[number], "folded": names[number].casefold()})
        return self._counted(insert(Picture).returning(Picture.id), rows) if rows else []

    def bring_back(self, out: Change, target_id: str, numbers: Sequence[int]) -> None:
        """Let removed pictures of the target be there again, with the class that the one of the same name has that
        goes."""
        goes, mine = aliased(Picture), aliased(Label)
        label = (
            select(_Theirs.id)
            .join(mine, mine.name == _Theirs.name)
            .join(goes, goes.label_id == mine.id)
            .where(_Theirs.dataset_id == target_id, goes.dataset_id == out.dataset_id, goes.name == Picture.name)
            .scalar_subquery()
        )
        values = {"removed_at": None, "split": None, "label_id": label}
        those = [among(self._session, Picture.id, numbers)]
        Tallies(self._session).update(target_id, len(numbers), Update(values, those))

    def taken(self, target_id: str, names: Sequence[str]) -> set[str]:
        """Those of these names that pictures of the target have, removed ones too."""
        query = select(Picture.name).where(Picture.dataset_id == target_id)
        return {
            name
            for start in range(0, len(names), 500)
            for name in self._session.scalars(query.where(Picture.name.in_(names[start : start + 500])))
        }

    def _counted(self, query: Any, rows: Sequence[Mapping[str, Any]] | None = None) -> list[int]:
        """Run a statement that adds pictures; returns their numbers."""
        numbers = list(self._session.scalars(query, rows))
        Tallies(self._session).copied(numbers)
        return numbers


_NAMES = ("dataset_id", "name", "folded", "label_id", "split", "added_at", *_COPIED)


def _going(out: Change) -> Select[Any]:
    return select(ChangedPicture.picture_id).where(ChangedPicture.change_id == out.id)


def _copies(target_id: str, at: datetime) -> Select[Any]:
    """Pictures as they will be in the target: the same class by name, in no part."""
    return (
        select(
            literal(target_id),
            Picture.name,
            Picture.folded,
            _Theirs.id,
            null(),
            literal(at, Picture.added_at.type),
            *(getattr(Picture, name) for name in _COPIED),
        )
        .select_from(Picture)
        .outerjoin(Label, Label.id == Picture.label_id)
        .outerjoin(_Theirs, (_Theirs.dataset_id == target_id) & (_Theirs.name == Label.name))
    )
