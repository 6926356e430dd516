"""Whether the numbers of pictures that are kept are those that counting gives."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from fenlei.store import Work
from fenlei.store.tables import Picture, Tally


def miscounted(work: Work) -> dict[Any, tuple[int, int]]:
    """What is kept and what there is, where the two differ: by data set, class, part and whether it is removed."""
    columns = (
        Picture.dataset_id,
        func.coalesce(Picture.label_id, ""),
        func.coalesce(Picture.split, ""),
        Picture.removed_at.is_not(None),
    )
    cells = select(*columns).subquery()
    counted: dict[Any, int] = {
        tuple(row): count
        for *row, count in work.session.execute(select(*cells.c, func.count()).group_by(*cells.c)).all()
    }
    rows = select(Tally.dataset_id, Tally.label_id, Tally.split, Tally.removed, Tally.pictures)
    kept: dict[Any, int] = {tuple(row): count for *row, count in work.session.execute(rows).all()}
    return {
        cell: (kept.get(cell, 0), counted.get(cell, 0))
        for cell in kept.keys() | counted.keys()
        if kept.get(cell) != counted.get(cell)
    }
