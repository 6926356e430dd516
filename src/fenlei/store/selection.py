"""Which pictures of a data set: those that a filter lets through, or those that somebody pointed at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from fenlei.store.tables import Finding, Picture

NO_SPLIT = "none"
"""Stands in a filter for pictures that are in no part."""


@dataclass(frozen=True)
class PictureFilter:
    """What pictures are wanted; what is None does not matter. Conditions add up.

    Attributes:
        label: id of their class.
        labelled: whether they have a class.
        split: `train`, `validation` or `test`; `none` for those in no part.
        check: name of a check that has an open finding about them.
        text: part of their name, in whatever case. No character of it is special.
        removed: the removed ones instead of those that are there.
    """

    label: str | None = None
    labelled: bool | None = None
    split: str | None = None
    check: str | None = None
    text: str | None = None
    removed: bool = False


Selection = PictureFilter | Sequence[int]
"""A filter, or the numbers of pictures."""


def chosen(session: Session, dataset_id: str, selection: Selection) -> list[ColumnElement[bool]]:
    """The conditions of a statement about pictures; numbers choose removed ones too."""
    if isinstance(selection, PictureFilter):
        return matching(session, dataset_id, selection)
    return [Picture.dataset_id == dataset_id, among(session, Picture.id, selection)]


def matching(session: Session, dataset_id: str, wanted: PictureFilter) -> list[ColumnElement[bool]]:
    """The conditions of a filter."""
    # `id > 0` is true of all; it tells SQLite, which keeps no statistics, to walk by number and not by name.
    found: list[ColumnElement[bool]] = [Picture.dataset_id == dataset_id, Picture.id > 0]
    found.append(Picture.removed_at.is_not(None) if wanted.removed else Picture.removed_at.is_(None))
    if wanted.label is not None:
        found.append(Picture.label_id == wanted.label)
    if wanted.labelled is not None:
        found.append(Picture.label_id.is_not(None) if wanted.labelled else Picture.label_id.is_(None))
    if wanted.split is not None:
        found.append(Picture.split.is_(None) if wanted.split == NO_SPLIT else Picture.split == wanted.split)
    if wanted.check is not None:
        findings = select(Finding.picture_id).where(
            Finding.dataset_id == dataset_id, Finding.check == wanted.check, Finding.open
        )
        # Few pictures have a text in their name: those are asked for their findings. Else all that have one are listed.
        one_by_one = findings.where(Finding.picture_id == Picture.id).exists()
        listed = Picture.id.in_(findings.where(Finding.picture_id.is_not(None)))
        found.append(one_by_one if wanted.text else listed)
    if wanted.text:
        # Not LIKE: `%` and `_` are ordinary characters of file names.
        place = func.instr if _is_sqlite(session) else func.strpos
        found.append(place(Picture.folded, wanted.text.casefold()) > 0)
    return found


def among(session: Session, column: InstrumentedAttribute[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Whether a column is one of these numbers, however many: they travel as one value."""
    if _is_sqlite(session):
        each = func.json_each(json.dumps(list(numbers))).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(literal(list(numbers), ARRAY(BigInteger)))


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
