"""A table of pictures as JSON Lines, one object a line, or as one array of objects."""

from __future__ import annotations

from fenlei.datasets.importers.found import Found
from fenlei.datasets.importers.importer import TABLE, Fit
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.importers.table_import import best_fit, read_tables, tables_in
from fenlei.datasets.importers.tables import Table, record_table

SLUG = "jsonl"


class JsonlManifest:
    """Keys mean what the headings of a CSV mean."""

    def recognise(self, pile: Pile) -> Fit | None:
        return best_fit(pile, self._tables(pile), TABLE)

    def read(self, pile: Pile) -> Found:
        return read_tables(pile, self._tables(pile), SLUG)

    @staticmethod
    def _tables(pile: Pile) -> list[Table]:
        return tables_in(pile, pile.json_of("records"), record_table)
