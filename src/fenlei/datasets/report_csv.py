"""What became of every file of an import, for a person with a spreadsheet.

File names come from strangers, and a spreadsheet carries out a cell that begins like a formula. People read this report
and no program does, so such cells get an apostrophe in front.
"""

from __future__ import annotations

from collections.abc import Iterator

from fenlei.datasets.csv_text import FORMULA_STARTS, csv_text
from fenlei.store import Store

COLUMNS = ("file", "outcome", "reason", "picture")
_PAGE = 1_000


def report_csv(store: Store, import_id: str) -> Iterator[str]:
    """The report in pieces, UTF-8 once it is encoded: file, outcome, reason, number of the picture.

    Raises:
        NotFound: there is no such import; at once, not at the first piece.
    """
    with store.reading() as work:
        work.imports.get(import_id)
    return csv_text(_rows(store, import_id))


def _rows(store: Store, import_id: str) -> Iterator[tuple[object, ...]]:
    yield COLUMNS
    after: int | None = None
    while True:
        with store.reading() as work:
            entries, after = work.imports.entries(import_id, after, _PAGE)
        for each in entries:
            yield _harmless(each.name), each.outcome, _harmless(each.reason or ""), each.picture_id or ""
        if after is None:
            return


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
