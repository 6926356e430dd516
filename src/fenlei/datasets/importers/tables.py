"""Manifests as tables: rows of CSV, or objects of JSON, each about one picture."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import msgspec

from fenlei.datasets.found import DatasetError
from fenlei.datasets.importers.columns import Columns, choose_columns
from fenlei.datasets.importers.text import decoded, decoded_json, parsed
from fenlei.datasets.layout import PICTURE_ENDINGS
from fenlei.datasets.listing import Entry

_DELIMITERS = (",", ";", "\t")
_FIRST_RECORDS = 100


class Row(NamedTuple):
    """What a manifest says of one picture; `where` is its line or place. `wrong` says why it says nothing."""

    where: int
    reference: object = None
    label: object = None
    split: object = None
    group: object = None
    wrong: str | None = None


@dataclass(frozen=True)
class Table:
    """A manifest, ready to be gone through again and again.

    Attributes:
        entry: the file.
        columns: which column means what.
        count: how many rows there are, about.
        headed: False where the first row is a picture already.
        text: what it says.
        kind: delimiter, or `lines`, or `array`.
        keys: names of the columns.
    """

    entry: Entry
    columns: Columns
    count: int
    headed: bool
    text: str
    kind: str
    keys: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """Every picture that the manifest names.

        Raises:
            DatasetError: it cannot be read to its end.
        """
        return _csv_rows(self) if self.kind in _DELIMITERS else _record_rows(self)


def csv_table(entry: Entry) -> Table | None:
    """A CSV file as a table; None where no column names files.

    The delimiter is the one of comma, semicolon and tab with which the headings mean most. Without headings, two to
    four columns count as path, label, split and group, where the first begins with the name of a picture.

    Raises:
        DatasetError: its text cannot be read.
    """
    text = decoded(entry.read_manifest(), entry.name)
    lines = io.StringIO(text, newline="")
    first = next((line for line in lines if line.strip()), "")
    best: Table | None = None
    for delimiter in _DELIMITERS:
        cells = _cells(first, delimiter)
        columns = choose_columns(cells)
        headed = columns is not None
        if columns is None and 2 <= len(cells) <= 4 and _names_picture(cells[0]):
            columns = Columns(0, 1, 2 if len(cells) > 2 else None, 3 if len(cells) > 3 else None)
        if columns is None or (best is not None and best.columns.known >= columns.known):
            continue
        count = text.count("\n") + (not text.endswith("\n")) - headed
        best = Table(entry, columns, max(count, 0), headed, text, delimiter, tuple(cells))
    return best


def record_table(entry: Entry) -> Table | None:
    """JSON Lines, or an array of objects, as a table; None where no key names files.

    Raises:
        DatasetError: its text cannot be read.
    """
    text = decoded_json(entry.read_manifest(), entry.name)
    kind = "array" if text.lstrip()[:1] == "[" else "lines"
    keys: dict[str, None] = {}
    for _, record in islice(_records(text, kind, entry.name), _FIRST_RECORDS):
        if isinstance(record, dict):
            keys.update(dict.fromkeys(record))
    columns = choose_columns(list(keys))
    if columns is None:
        return None
    count = (
        text.count("\n") + (not text.endswith("\n")) if kind == "lines" else sum(1 for _ in _array(text, entry.name))
    )
    return Table(entry, columns, count, True, text, kind, tuple(keys))


def _csv_rows(table: Table) -> Iterator[Row]:
    columns = table.columns
    reader = csv.reader(io.StringIO(table.text, newline=""), delimiter=table.kind)
    headed = table.headed
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if headed:
                headed = False
                continue
            path, label, split, group = (
                cells[at] if at is not None and at < len(cells) else None
                for at in (columns.path, columns.label, columns.split, columns.group)
            )
            yield Row(reader.line_num, path, label, split, group)
    except csv.Error as exc:
        raise DatasetError(f"{table.entry.name} cannot be read beyond line {reader.line_num}: {exc}.") from exc


def _record_rows(table: Table) -> Iterator[Row]:
    columns, keys = table.columns, table.keys
    wanted = [None if at is None else keys[at] for at in (columns.path, columns.label, columns.split, columns.group)]
    for number, record in _records(table.text, table.kind, table.entry.name):
        if isinstance(record, dict):
            path, label, split, group = (None if key is None else _plain(record.get(key)) for key in wanted)
            yield Row(number, path, label, split, group)
        else:
            yield Row(number, wrong="it is no JSON object")


def _plain(value: object) -> object:
    """What some programs put around a value: Label Studio's `{"choices": […]}`, Hugging Face's `{"path": …}`."""
    if isinstance(value, dict) and len(value) <= 2:
        for key in ("choices", "path"):
            if key in value:
                return value[key]
    return value


def _records(text: str, kind: str, name: str) -> Iterator[tuple[int, object]]:
    if kind == "array":
        yield from enumerate(_array(text, name), start=1)
        return
    for number, line in enumerate(io.StringIO(text), start=1):
        if line.strip():
            yield number, _object(line)


def _array(text: str, name: str) -> Iterator[object]:
    return (_object(item) for item in parsed(text, name, list[msgspec.Raw]))


def _object(text: str | msgspec.Raw) -> object:
    """A JSON value; None where it is none. NaN is taken, which many programs write."""
    try:
        return json.loads(text if isinstance(text, str) else bytes(text))
    except (ValueError, RecursionError):
        return None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(iter(csv.reader([line], delimiter=delimiter)), [])
    except csv.Error:
        return []


def _names_picture(cell: str) -> bool:
    return cell.strip().rpartition(".")[2].lower() in PICTURE_ENDINGS
