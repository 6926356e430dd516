"""Rows as CSV text (RFC 4180), in pieces."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

_ROWS_A_PIECE = 500

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula, and carries out."""


def csv_text(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The rows as text, some hundred at a time; lines end in CR LF, cells are quoted where they have to be."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for number, row in enumerate(rows, start=1):
        writer.writerow(row)
        if number % _ROWS_A_PIECE == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    if out.tell():
        yield out.getvalue()
