"""How many pictures data sets have, by class and part, there and removed: kept, not counted.

Counting a hundred thousand rows takes longer than a page of them may, on PostgreSQL just after all were changed (see
docs/adr/0013). So whatever adds pictures, or changes their class, their part or whether they are removed, goes through
here, and the numbers change in the same transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from fenlei.store.selection import NO_SPLIT, PictureFilter, among
from fenlei.store.tables import Picture, Tally

_COUNTED = {"label_id", "split", "removed_at"}
_PARTS = ("train", "validation", "test")

_FEW = 20
"""Up to so many pictures are asked what they were, however few there are in all."""

_SHARE = 4
"""Where one in so many changes, all are counted anew."""


class _Cell(NamedTuple):
    """Pictures that are counted together."""

    label_id: str
    split: str
    removed: bool
    dataset_id: str


class Update(NamedTuple):
    """Values by column, also columns of tables that the conditions join; and conditions that say for which pictures."""

    values: Mapping[str, Any]
    conditions: Sequence[ColumnElement[bool]]


class Tallies:
    """The numbers of pictures. Writers take turns, so no two add to one of them at the same time."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def total(self, dataset_id: str, wanted: PictureFilter) -> int:
        """How many pictures a filter lets through, which asks for no check and no text."""
        query = select(func.sum(Tally.pictures))
        query = query.where(Tally.dataset_id == dataset_id, Tally.removed == wanted.removed)
        if wanted.label is not None:
            query = query.where(Tally.label_id == wanted.label)
        if wanted.labelled is not None:
            query = query.where(Tally.label_id != "" if wanted.labelled else Tally.label_id == "")
        if wanted.split is not None:
            query = query.where(Tally.split == ("" if wanted.split == NO_SPLIT else wanted.split))
        return self._session.scalar(query) or 0

    def cells(self, dataset_id: str) -> list[tuple[str | None, str | None, int]]:
        """How many pictures there are by label id and split, without removed ones."""
        query = select(Tally.label_id, Tally.split, Tally.pictures)
        query = query.where(Tally.dataset_id == dataset_id, ~Tally.removed)
        query = query.order_by(Tally.label_id, Tally.split)
        return [(row[0] or None, row[1] or None, row[2]) for row in self._session.execute(query)]

    def sizes(self, dataset_ids: Sequence[str], *, removed_too: bool = False) -> dict[str, int]:
        """How many pictures each of these data sets has."""
        query = select(Tally.dataset_id, func.sum(Tally.pictures)).where(Tally.dataset_id.in_(dataset_ids))
        if not removed_too:
            query = query.where(~Tally.removed)
        found: dict[str, int] = {row[0]: row[1] for row in self._session.execute(query.group_by(Tally.dataset_id))}
        return {each: found.get(each, 0) for each in dataset_ids}

    def added(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Say that pictures were added that have these values by column."""
        cells = (
            _cell(row.get("label_id"), row.get("split"), row.get("removed_at") is not None, row["dataset_id"])
            for row in rows
        )
        self._book(Counter(cells))

    def copied(self, numbers: Sequence[int]) -> None:
        """Say that the pictures of these numbers were added."""
        self._book(self._tally(among(self._session, Picture.id, numbers)))

    def update(self, dataset_id: str, count: int, *updates: Update) -> int:
        """Give pictures other values; what the session remembers of them is not brought up to date.

        Args:
            dataset_id: the data set that all of them are of.
            count: about how many they are, which decides what is quicker and nothing else.
            updates: which pictures get which values. No picture is in two.

        Returns:
            How many pictures they are.
        """
        at_all = any(not _COUNTED.isdisjoint(each.values) for each in updates)
        anew = at_all and self._most(dataset_id, count)
        changed = 0
        for each in updates:
            if at_all and not anew:
                self._book(self._moved(each))
            query = update(Picture).where(*each.conditions).values(**each.values)
            options = {"synchronize_session": False, "preserve_rowcount": True}
            result: Any = self._session.execute(query, execution_options=options)
            changed += result.rowcount
        if anew:
            self._recount(dataset_id)
        return changed

    def _most(self, dataset_id: str, count: int) -> bool:
        """Whether so many change that counting the data set anew is quicker than asking each what it was: that needs
        no sorting, and half as long for all as the other for a half."""
        return count > _FEW and count * _SHARE >= self.sizes([dataset_id], removed_too=True)[dataset_id]

    def _recount(self, dataset_id: str) -> None:
        more = self._counted(dataset_id)
        rows = select(Tally.label_id, Tally.split, Tally.removed, Tally.dataset_id, Tally.pictures)
        for row in self._session.execute(rows.where(Tally.dataset_id == dataset_id)).all():
            more[_Cell(row[0], row[1], row[2], row[3])] -= row[4]
        self._book(more)

    def _counted(self, dataset_id: str) -> Counter[_Cell]:
        """What counting gives. SQLite would sort all rows to group them by class and part; by class they lie in the
        index already, and parts are few."""
        found: Counter[_Cell] = Counter()
        for removed in (False, True):
            there = Picture.removed_at.is_not(None) if removed else Picture.removed_at.is_(None)
            parts = [func.count().filter(Picture.split == part) for part in _PARTS]
            query = select(Picture.label_id, func.count(), func.count(Picture.split), *parts)
            query = query.where(Picture.dataset_id == dataset_id, there).group_by(Picture.label_id)
            for label_id, count, in_parts, *by_part in self._session.execute(query).all():
                if sum(by_part) != in_parts:  # a part of another name
                    return self._tally(Picture.dataset_id == dataset_id)
                for part, number in zip(("", *_PARTS), (count - in_parts, *by_part), strict=True):
                    found[_cell(label_id, part, removed, dataset_id)] = number
        return found

    def _tally(self, *conditions: ColumnElement[bool]) -> Counter[_Cell]:
        """How many of some pictures are in each cell."""
        return Counter({_cell(*row[:-1]): row[-1] for row in self._grouped(_AS_IT_IS, conditions)})

    def _moved(self, update: Update) -> Counter[_Cell]:
        """What an update is about to do to the numbers."""
        values, conditions = update
        will_be = {name: values[name] for name in ("label_id", "split") if name in values}
        if "removed_at" in values:
            at = values["removed_at"]
            will_be["removed"] = at.is_not(None) if _differs(at) else at is not None
        asked = {name: value for name, value in will_be.items() if _differs(value)}
        found: Counter[_Cell] = Counter()
        for *row, count in self._grouped([*_AS_IT_IS, *asked.values()], conditions):
            was = row[: len(_AS_IT_IS)]
            now = dict(zip(_Cell._fields, was, strict=True)) | will_be
            now |= dict(zip(asked, row[len(_AS_IT_IS) :], strict=True))
            found[_cell(*was)] -= count
            found[_cell(**now)] += count
        return found

    def _grouped(self, columns: Sequence[Any], conditions: Iterable[ColumnElement[bool]]) -> Iterable[Sequence[Any]]:
        """How many pictures have the same in these columns."""
        each = select(*(column.label(f"c{number}") for number, column in enumerate(columns))).where(*conditions)
        alike = each.subquery()
        return self._session.execute(select(*alike.c, func.count()).group_by(*alike.c)).all()

    def _book(self, more: Counter[_Cell]) -> None:
        """Add to the numbers, and forget those that have become nothing."""
        rows = [{**cell._asdict(), "pictures": count} for cell, count in more.items() if count]
        if not rows:
            return
        is_sqlite = self._session.get_bind().dialect.name == "sqlite"
        query = (sqlite if is_sqlite else postgresql).insert(Tally)
        query = query.on_conflict_do_update(
            index_elements=_Cell._fields, set_={"pictures": Tally.pictures + query.excluded.pictures}
        )
        self._session.execute(query, rows)
        if min(more.values()) < 0:
            concerned = {cell.dataset_id for cell in more}
            nothing = delete(Tally).where(Tally.dataset_id.in_(concerned), Tally.pictures == 0)
            self._session.execute(nothing, execution_options={"synchronize_session": False})


def _differs(value: object) -> bool:
    """Whether it is a column or an expression, which may be something else for each picture."""
    return isinstance(value, ColumnElement | InstrumentedAttribute)


_AS_IT_IS = (Picture.label_id, Picture.split, Picture.removed_at.is_not(None), Picture.dataset_id)


def _cell(label_id: str | None, split: str | None, removed: bool, dataset_id: str) -> _Cell:
    return _Cell(label_id or "", split or "", removed, dataset_id)
