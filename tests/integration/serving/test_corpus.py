"""1,304 difficult files through the socket: each gets a code it may get, and nothing of them stays in memory."""

from __future__ import annotations

import csv
import http.client
import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import pytest

from fenlei.contract import encode_request
from fenlei.serving.desk import IDLE_SECONDS
from tests.support.drawing import jpeg, png
from tests.support.models import write_corners
from tests.support.server import Server

HEADERS = {"Content-Type": "application/json;charset=UTF-8"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    model = write_corners(tmp_path / "corners.fenlei")
    with Server([(model, "corners")], tmp_path, open_=True, environment={"FENLEI_ENGINE": "openvino"}) as running:
        yield running
        assert running.stop()[0] == 0


def ask_all(server: Server, bodies: Sequence[bytes]) -> list[int]:
    """The codes of all bodies, asked over a few kept connections side by side."""

    def ask(share: Sequence[bytes]) -> list[int]:
        connection = http.client.HTTPConnection(*server.address, timeout=60)
        codes = []
        for body in share:
            connection.request("POST", "/api/image/corners", body=body, headers=HEADERS)
            answer = connection.getresponse()
            assert answer.status == 200
            codes.append(json.loads(answer.read())["code"])
        connection.close()
        return codes

    lanes = 6
    with ThreadPoolExecutor(lanes) as pool:
        shares = list(pool.map(ask, [bodies[lane::lanes] for lane in range(lanes)]))
    return [shares[number % lanes][number // lanes] for number in range(len(bodies))]


def resident(server: Server) -> int:
    """Bytes of memory the server holds."""
    return int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * 4096


def settles_below(server: Server, limit: float) -> int:
    """Wait until the server, at rest, holds no more than this; returns what it holds at last."""
    deadline = time.monotonic() + 10 * IDLE_SECONDS
    while resident(server) > limit and time.monotonic() < deadline:
        time.sleep(0.05)  # the server is left alone so that it comes to rest
    return resident(server)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_large_pictures_leave_no_memory_behind(server: Server) -> None:
    usual = [encode_request(jpeg(640, 427, seed=seed)) for seed in range(6)]
    large = [encode_request(png(1600 + 200 * seed, 1200, seed=seed, compress_level=1)) for seed in range(3)]
    ask_all(server, usual * 4)
    before = resident(server)
    for _ in repeat(None, 3):
        assert set(ask_all(server, large * 2 + usual)) == {10000}
    assert settles_below(server, before * 1.05) <= before * 1.05


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_every_file_of_the_corpus_gets_a_code_it_may_get_and_leaves_no_memory_behind(
    server: Server, shared: Path
) -> None:
    corpus = shared / "data" / "corpus"
    with (corpus / "manifest.csv").open(newline="", encoding="utf-8") as rows:
        accepted = {row["path"]: row["accepted_codes"].split("|") for row in csv.DictReader(rows)}
    ask_all(server, [encode_request(jpeg(640, 427, seed=seed)) for seed in range(24)])
    before = resident(server)
    codes = ask_all(server, [encode_request((corpus / name).read_bytes()) for name in accepted])
    wrong = {
        name: code for (name, allowed), code in zip(accepted.items(), codes, strict=True) if str(code) not in allowed
    }
    assert wrong == {}
    assert settles_below(server, before * 1.05) <= before * 1.05
