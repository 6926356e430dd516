"""Every difficult file through the socket gets one of its expected codes, and leaves no memory behind."""

from __future__ import annotations

import base64
import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support import drawing
from tests.support.models import write_tiny
from tests.support.server import Server

HEADERS = {"Content-Type": "application/json;charset=UTF-8"}
KILOBYTE = 1024


def ask(server: Server, data: bytes) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"base64": base64.b64encode(data).decode()}).encode()
    status, _, said = server.call("POST", "/api/image/tiny", HEADERS, body)
    return status, said


def resident(server: Server) -> int:
    """Bytes of memory the server holds."""
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1]) * KILOBYTE


@pytest.fixture
def server(tmp_path: Path) -> Any:
    with Server([(write_tiny(tmp_path / "tiny.fenlei"), "tiny")], tmp_path, open_=True) as server:
        yield server


def test_every_file_of_the_corpus_answers_an_expected_code(server: Server, shared: Path) -> None:
    corpus = shared / "data" / "corpus"
    rows = list(csv.DictReader((corpus / "manifest.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) > 1000
    wrong = {}
    marks = []
    for _ in range(2):  # the first pass warms; from then on memory must stay
        for row in rows:
            status, said = ask(server, (corpus / row["path"]).read_bytes())
            if status != 200 or str(said["code"]) not in row["accepted_codes"].split("|"):
                wrong[row["path"]] = (status, said, row["accepted_codes"])
        marks.append(resident(server))
    assert wrong == {}
    assert marks[1] <= marks[0] * 1.05


def test_memory_stays_after_many_odd_pictures(server: Server) -> None:
    """Without the corpus: large, odd and broken pictures, drawn, over and over."""
    pictures = [
        drawing.jpeg(2000, 1500),
        drawing.png(1500, 1200, "RGBA"),
        drawing.jpeg(900, 700, "CMYK"),
        drawing.jpeg(1200, 900)[:-2000],
        drawing.png(29, 100),
        b"GIF89a" + bytes(1000),
    ]
    expected = [10000, 10000, 10000, 10440, 10442, 10440]
    for _ in range(10):
        assert [ask(server, picture)[1]["code"] for picture in pictures] == expected
    before = resident(server)
    for _ in range(30):
        assert [ask(server, picture)[1]["code"] for picture in pictures] == expected
    assert resident(server) <= before * 1.05
