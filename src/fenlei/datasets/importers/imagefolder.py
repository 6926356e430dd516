"""Hugging Face imagefolder: pictures with a `metadata.csv` or `metadata.jsonl` that names them by `file_name`."""

from __future__ import annotations

from fenlei.datasets.importers.found import Found
from fenlei.datasets.importers.importer import OWN_FILE, Fit
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.importers.table_import import best_fit, read_tables, tables_in
from fenlei.datasets.importers.tables import Table, csv_table, record_table
from fenlei.datasets.listing import Entry

SLUG = "imagefolder"

_READERS = {"metadata.csv": csv_table, "metadata.jsonl": record_table}


class ImageFolder:
    """One metadata file for all, or one for each folder of the split. Class numbers become names where the card of the
    data set, `dataset_info.json` or a list of classes gives them."""

    def recognise(self, pile: Pile) -> Fit | None:
        return best_fit(pile, self._tables(pile), OWN_FILE)

    def read(self, pile: Pile) -> Found:
        return read_tables(pile, self._tables(pile), SLUG)

    @staticmethod
    def _tables(pile: Pile) -> list[Table]:
        found = pile.manifests(("csv", "jsonl"))
        return tables_in(pile, [entry for entry in found if entry.path[-1].lower() in _READERS], _table)


def _table(entry: Entry) -> Table | None:
    table = _READERS[entry.path[-1].lower()](entry)
    named = table is not None and table.headed and table.keys[table.columns.path].strip().lower() == "file_name"
    return table if named else None
