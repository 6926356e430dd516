"""Read tables of pictures: what CSV, JSON Lines and Hugging Face metadata have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice

from fenlei.datasets.found import DatasetError, Part
from fenlei.datasets.importers.claims import Claims
from fenlei.datasets.importers.finder import Lost
from fenlei.datasets.importers.found import Found
from fenlei.datasets.importers.importer import SAMPLE, Fit, fit_of
from fenlei.datasets.importers.label_names import find_label_names
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.importers.tables import Table
from fenlei.datasets.importers.values import part_in_name
from fenlei.datasets.listing import Entry

TableReader = Callable[[Entry], Table | None]

NEEDED = "Needed: columns `path` and `label`, and if you like `split` and `group`."


def tables_in(pile: Pile, candidates: Sequence[Entry], read: TableReader) -> list[Table]:
    """The manifests among the candidates; of a file that was pointed at, why it is none.

    Raises:
        DatasetError: the file that was pointed at cannot be read.
    """
    found = []
    for entry in candidates:
        try:
            table = read(entry)
        except DatasetError as exc:
            if pile.only is not None:
                raise
            pile.troubles[entry.name] = str(exc)
            continue
        if table is not None:
            found.append(table)
    return found


def best_fit(pile: Pile, tables: Sequence[Table], strong: int) -> Fit | None:
    """How well the tables fit, taken together."""
    fits = []
    for table in tables:
        total = sum(each.count for each in tables)
        fits.append(fit_of(pile, table.entry, _first_rows(table), total, strong))
    return max(fits, key=lambda fit: fit.confidence, default=None)


def read_tables(pile: Pile, tables: Sequence[Table], format: str) -> Found:  # noqa: A002
    """Every picture that the tables name.

    Of several tables those are read that lead to any picture; where none does, all. A table whose name is that of a
    part (`test.csv`) speaks of that part. Without a column for classes, class folders say them.

    Raises:
        DatasetError: there is no table, or it cannot be read to its end.
    """
    if not tables:
        raise DatasetError(f"{pile.called} holds no manifest that can be read as {format}. {NEEDED}")
    leading = [table for table in tables if leads_anywhere(pile, table)] or list(tables)
    notes = [f"{table.entry.name} names no picture that is there." for table in tables if table not in leading]
    names = find_label_names(pile, [table.entry.path[:-1] for table in leading])
    claims = Claims(pile, [table.entry for table in leading], names)
    for table in leading:
        if not table.headed:
            notes.append(f"{table.entry.name} has no headings; its columns were taken as path, label, split, group.")
        by_folder = table.columns.label is None
        if by_folder:
            notes.append(f"{table.entry.name} has no column for classes; they were read from the folders, if any.")
        _claim_rows(pile, claims, table, part_in_name(table.entry.path), by_folder)
    return claims.found(format, notes=notes)


def leads_anywhere(pile: Pile, table: Table) -> bool:
    """Whether any of the first rows names a file that is there."""
    base = table.entry.path[:-1]
    return any(pile.finder.find(each, base) not in {Lost.MISSING, Lost.UNNAMED} for each in _first_rows(table))


def _claim_rows(pile: Pile, claims: Claims, table: Table, part: Part | None, by_folder: bool) -> None:
    place = f"{table.entry.name}, {'item' if table.kind == 'array' else 'line'} "
    base = table.entry.path[:-1]
    for row in table.rows():
        if row.wrong is not None:
            claims.refuse(f"{place}{row.where}", row.wrong)
            continue
        label, split, found = row.label, row.split if table.columns.split is not None else part, None
        if by_folder:
            found = pile.finder.find(row.reference, base)
            label, by_place = (None, None) if isinstance(found, Lost) else pile.by_folder(found)
            split = split or by_place
        where = f"{place}{row.where}".removeprefix(table.entry.name)
        claims.claim(table.entry, row.reference, label, split, row.group, where=where, found=found)


def _first_rows(table: Table) -> list[object]:
    """What the first rows name, as far as they can be read."""
    named: list[object] = []
    with suppress(DatasetError):
        named.extend(row.reference for row in islice(table.rows(), SAMPLE))
    return named
