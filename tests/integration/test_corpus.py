"""Every difficult file of the shared corpus gets one of the codes its manifest accepts, in bounded time."""

from __future__ import annotations

import csv
import time
from pathlib import Path

from fenlei.contract.errors import Refused
from fenlei.imaging import InputSpec, Unreadable, check, decode, prepare_for_training

SLOWEST_SECONDS = 3.0


def _code(data: bytes) -> int:
    if not data:
        return 10310  # an empty field never reaches the picture checks
    try:
        header = check(data)
        assert decode(data, header=header).shape[:2] == header.upright_size[::-1]
    except Refused as refused:
        return refused.code.number
    return 10000


def _rows(corpus: Path) -> list[dict[str, str]]:
    with (corpus / "manifest.csv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def test_every_file_of_the_corpus_gets_an_accepted_code_in_bounded_time(shared: Path) -> None:
    corpus = shared / "data" / "corpus"
    wrong = []
    rows = _rows(corpus)
    for row in rows:
        data = (corpus / row["path"]).read_bytes()
        started = time.perf_counter()
        code = _code(data)
        seconds = time.perf_counter() - started
        if str(code) not in row["accepted_codes"].split("|") or seconds > SLOWEST_SECONDS:
            wrong.append((row["path"], code, row["accepted_codes"], f"{seconds:.2f} s"))
    assert len(rows) > 1000
    assert not wrong, "\n".join(map(str, wrong))


def test_every_file_of_the_corpus_is_learnt_from_or_set_aside_with_a_reason(shared: Path) -> None:
    corpus = shared / "data" / "corpus"
    spec = InputSpec(height=32, width=32)
    usable = set()
    for row in _rows(corpus):
        data = (corpus / row["path"]).read_bytes()
        try:
            assert prepare_for_training(data, spec).shape == (32, 32, 3)
            usable.add(row["true_format"])
        except Unreadable:
            assert row["accepted_codes"] != "10000", row["path"]
    assert {"JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP"} <= usable
