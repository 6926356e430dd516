"""A table of pictures as CSV: `path,label,split,group`, by any of the common headings, English or Chinese."""

from __future__ import annotations

from fenlei.datasets.importers.found import Found
from fenlei.datasets.importers.importer import TABLE, Fit
from fenlei.datasets.importers.pile import TABLE_ENDINGS, Pile
from fenlei.datasets.importers.table_import import best_fit, read_tables, tables_in
from fenlei.datasets.importers.tables import Table, csv_table

SLUG = "csv"


class CsvManifest:
    """Delimiter, encoding and columns are found by looking."""

    def recognise(self, pile: Pile) -> Fit | None:
        return best_fit(pile, self._tables(pile), TABLE)

    def read(self, pile: Pile) -> Found:
        return read_tables(pile, self._tables(pile), SLUG)

    @staticmethod
    def _tables(pile: Pile) -> list[Table]:
        tables = tables_in(pile, pile.manifests(TABLE_ENDINGS), csv_table)
        telling = [table for table in tables if table.columns.known > 1 or pile.only is not None]
        return telling or tables
