"""What was changed in data sets, by whom, and how it was before: enough to take it back.

A change writes down how pictures were before it touches them, all of them in one statement, and says which of their
columns it is about; only those are put back, so that what else happened to a picture since stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from fenlei.store.clock import now
from fenlei.store.errors import Conflict
from fenlei.store.labels import Labels, Row
from fenlei.store.selection import Selection, among, chosen
from fenlei.store.tables import Change, ChangedPicture, Finding, Label, Picture
from fenlei.store.tallies import Tallies, Update

UNDO, REDO = "undo", "redo"


class Changes:
    """The history of data sets. Whoever writes it holds the data set locked."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(
        self,
        dataset_id: str,
        kind: str,
        by: str | None,
        *,
        fields: Sequence[str] = (),
        labels: Sequence[str] = (),
        undoes: int | None = None,
    ) -> Change:
        """Begin a change, before anything is changed.

        Args:
            dataset_id: the data set.
            kind: what it is.
            by: user id.
            fields: columns of pictures that it changes.
            labels: ids of classes that it changes, makes or removes.
            undoes: the change that it takes back or makes again.
        """
        change = Change(
            dataset_id=dataset_id,
            at=now(),
            by=by,
            kind=kind,
            summary={},
            fields=list(fields),
            labels_before=Labels(self._session).rows(labels) if labels else None,
            undoes=undoes,
        )
        self._session.add(change)
        self._session.flush()
        return change

    def keep(
        self, change: Change, selection: Selection, unless: Mapping[str, Any], *, removed: bool | None = False
    ) -> int:
        """Write down how the chosen pictures are.

        Args:
            change: what is about to be done to them.
            selection: which.
            unless: columns and what they shall be; pictures that are so already are left out.
            removed: whether pictures that are removed are meant; None for both.

        Returns:
            How many pictures that are.
        """
        conditions = chosen(self._session, change.dataset_id, selection)
        conditions.append(or_(*(getattr(Picture, name).is_distinct_from(value) for name, value in unless.items())))
        if removed is not None:
            conditions.append(Picture.removed_at.is_not(None) if removed else Picture.removed_at.is_(None))
        return self._keep(change, *conditions)

    def keep_with_labels(self, change: Change, label_ids: Sequence[str]) -> int:
        """Write down how the pictures of these classes are, removed ones too.

        Returns:
            How many of them are not removed.
        """
        self._keep(change, Picture.label_id.in_(label_ids))
        query = select(func.count()).where(Picture.label_id.in_(label_ids), Picture.removed_at.is_(None))
        return self._session.scalar(query) or 0

    def keep_as_absent(self, change: Change, numbers: Sequence[int]) -> int:
        """Write down that pictures that have come were not there before, that is, removed."""
        return self._keep(change, among(self._session, Picture.id, numbers), removed_at=change.at)

    def keep_import(self, change: Change, import_id: str) -> int:
        """Write down that the pictures of an import were not there before; returns how many that are."""
        mine = (Picture.dataset_id == change.dataset_id, Picture.import_id == import_id, Picture.removed_at.is_(None))
        return self._keep(change, *mine, removed_at=change.at)

    def apply(self, change: Change, **values: Any) -> None:
        """Give columns of the pictures that were kept these values."""
        kept = select(ChangedPicture.picture_id).where(ChangedPicture.change_id == change.id)
        count = self._session.scalar(select(func.count()).select_from(kept.subquery())) or 0
        Tallies(self._session).update(change.dataset_id, count, Update(values, [Picture.id.in_(kept)]))

    def give(self, change: Change, name: str, numbers: Mapping[Any, Sequence[int]]) -> int:
        """Give one column of pictures different values, and write down how they were; `keep` and `apply` in one.

        Args:
            change: what is being done.
            name: of the column.
            numbers: of the pictures, by the value that they shall have. No picture is in two.

        Returns:
            How many pictures had another value.
        """
        count, updates = 0, []
        column = getattr(Picture, name)
        for value, pictures in numbers.items():
            if kept := self.keep(change, pictures, {name: value}):
                count += kept
                # The same pictures again: asking who was kept as well makes PostgreSQL, which does not yet know how
                # many that are, compare each with each.
                mine = (among(self._session, Picture.id, pictures), Picture.removed_at.is_(None))
                updates.append(Update({name: value}, [*mine, column.is_distinct_from(value)]))
        return Tallies(self._session).update(change.dataset_id, count, *updates)

    def rename(self, picture_id: int, name: str) -> None:
        """Give a picture another name.

        Raises:
            Conflict: another picture of the data set has it, or a removed one.
        """
        query = update(Picture).where(Picture.id == picture_id).values(name=name, folded=name.casefold())
        try:
            with self._session.begin_nested():
                self._execute(query)
        except IntegrityError as exc:
            raise Conflict(f"There is already a picture {name!r} in this data set, or a removed one.") from exc

    def finish(self, change: Change, summary: dict[str, Any], twin: int | None = None) -> None:
        """Say what was done."""
        change.summary = summary
        change.twin = twin
        self._session.flush()

    def drop(self, change: Change) -> None:
        """Forget a change that turned out to change nothing."""
        self._session.delete(change)
        self._session.flush()

    def page(self, dataset_id: str, before: int | None, limit: int) -> tuple[list[Change], int | None]:
        """Changes, the latest first, and the cursor of the next page."""
        query = select(Change).where(Change.dataset_id == dataset_id).order_by(Change.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(Change.id < before)
        rows = list(self._session.scalars(query))
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def get(self, change_id: int) -> Change | None:
        """The change of this number."""
        return self._session.get(Change, change_id, populate_existing=True)

    def last(self, dataset_id: str) -> Change | None:
        """What would be undone: the latest change that is not undone."""
        query = select(Change).where(
            Change.dataset_id == dataset_id, Change.kind.not_in((UNDO, REDO)), Change.undone_at.is_(None)
        )
        return self._first(query.order_by(Change.id.desc()))

    def last_undo(self, dataset_id: str) -> Change | None:
        """What would be redone: the latest undoing that was not followed by another change."""
        later = aliased(Change)
        followed = exists().where(later.dataset_id == dataset_id, later.id > Change.id, later.kind.not_in((UNDO, REDO)))
        query = select(Change).where(
            Change.dataset_id == dataset_id, Change.kind == UNDO, Change.undone_at.is_(None), ~followed
        )
        return self._first(query.order_by(Change.id.desc()))

    def take_back(self, target: Change, kind: str, by: str | None) -> tuple[Change, int]:
        """Put everything back that a change has changed, as a change of its own, which can be taken back likewise.

        Args:
            target: the change; for a redo, the undoing.
            kind: `UNDO` or `REDO`.
            by: user id.

        Returns:
            The new change and how many pictures it concerns.

        Raises:
            Conflict: a class that would come back has lost its name to another one.
        """
        before: Sequence[Row] = target.labels_before or []
        unmade = [row["id"] for row in before if row["name"] is None]
        change = self.start(
            target.dataset_id,
            kind,
            by,
            fields=sorted({*target.fields, "label_id"} if unmade else target.fields),
            labels=[row["id"] for row in before],
            undoes=target.id,
        )
        theirs = select(ChangedPicture.picture_id).where(ChangedPicture.change_id == target.id)
        count = self._keep(change, Picture.id.in_(theirs))
        if unmade:
            count += self._keep(change, Picture.label_id.in_(unmade), Picture.id.not_in(theirs))
        Labels(self._session).put_back(target.dataset_id, before)
        self._restore(target, count)
        if unmade:
            without = Update({"label_id": None}, [Picture.label_id.in_(unmade)])
            Tallies(self._session).update(target.dataset_id, count, without)
            self._execute(delete(Label).where(Label.id.in_(unmade)))
        target.undone_at = change.at
        self._session.flush()
        return change, count

    def revive(self, change: Change) -> None:
        """Say of a change that was undone that it holds again."""
        change.undone_at = None
        self._session.flush()

    def reopen_findings(self, change_id: int, *, are_open: bool) -> None:
        """Open the findings again that a change has put right, or close them again."""
        self._execute(update(Finding).where(Finding.fixed_by == change_id).values(open=are_open))

    def _restore(self, target: Change, count: int) -> None:
        if not target.fields:
            return
        values: dict[str, Any] = {name: getattr(ChangedPicture, name) for name in target.fields}
        if values.pop("name", None) is not None:
            names = select(ChangedPicture.picture_id, ChangedPicture.name).where(ChangedPicture.change_id == target.id)
            for number, name in self._session.execute(names).all():
                self.rename(number, name or "")
        if values:
            mine = (ChangedPicture.change_id == target.id, ChangedPicture.picture_id == Picture.id)
            Tallies(self._session).update(target.dataset_id, count, Update(values, mine))

    def _keep(self, change: Change, *conditions: ColumnElement[bool], **instead: Any) -> int:
        values = {name: literal(instead[name], getattr(Picture, name).type) for name in instead}
        columns = [values.get(name, getattr(Picture, name)) for name in change.fields]
        rows = select(literal(change.id), Picture.id, *columns).where(*conditions)
        targets = [getattr(ChangedPicture, name) for name in ("change_id", "picture_id", *change.fields)]
        return self._execute(insert(ChangedPicture).from_select(targets, rows))

    def _first(self, query: Any) -> Change | None:
        found: Change | None = self._session.scalars(query.limit(1).execution_options(populate_existing=True)).first()
        return found

    def _execute(self, query: Any) -> int:
        """Run a statement over many rows; what the session remembers of them is not brought up to date."""
        options = {"synchronize_session": False, "preserve_rowcount": True}
        result: Any = self._session.execute(query, execution_options=options)
        rows: int = result.rowcount
        return rows
