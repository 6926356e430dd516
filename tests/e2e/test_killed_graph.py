"""`fenlei run` is killed at fifty moments that chance chooses: it always completes when it is run again, and no node
that had finished works twice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.cli import environment
from tests.support.third_party import installed

KILLS = 50
TURNS = 3
"""Runs of one workspace; in the last one nobody kills."""
SEED = 20260101
"""Each moment is drawn evenly from the time that a whole run takes, from its first instruction to its end."""

STEPS = """
import hashlib
import os
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Images
from fenlei.pipelines.words import Words

WORD = Words("Step", "步骤")


class Step(Params):
    word: str = param("", title=WORD, help=WORD)


@node("theirs.step", version=1, family=Family.DATA, icon="box", title=WORD, help=WORD)
def step(one: Images | None, other: Images | None, *, params: Step, ctx: NodeContext) -> Images:
    record = os.open(os.environ["RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(record, f"{params.word}\\n".encode())
    os.close(record)
    told = repr((params.word, one, other)).encode() * 100_000
    return Images(digest=ctx.blobs.put(hashlib.sha256(told).digest()), pictures=1, labels={params.word: 1})
"""

EDGES = "a>b.one a>c.one a>d.one b>e.one c>e.other d>f.one e>g.one f>g.other g>h.one f>i.one h>j.one i>j.other"
NODES = "abcdefghij"


class Ended(NamedTuple):
    """How one command ended."""

    code: int
    killed: bool
    seconds: float


class Commands:
    """Runs commands in a process that has them loaded, and may kill them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, *words: str | Path, kill_after: float | None = None) -> Ended:
        """Run one to its end, or for so many seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"words": [*map(str, words)], "kill_after": kill_after}) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))


@contextmanager
def commands(place: Path) -> Iterator[Commands]:
    """With somebody's node types installed."""
    packages = place / "packages"
    packages.mkdir()
    installed(packages, {"step": "their_step"}, {"their_step": STEPS})
    path = f"{packages}:{Path(__file__).parents[2]}"
    env = environment(place, PYTHONPATH=path, RECORD=str(place / "record"))
    with (place / "said").open("wb") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forking_cli"],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            yield Commands(child)
        finally:
            child.communicate(timeout=60)


def kept(workspace: Path) -> set[str]:
    """Nodes whose results are kept."""
    found = (workspace / "cache" / "graphs" / "results").glob("??/*.json")
    return {label for path in found for label in json.loads(path.read_text())["images"]["labels"]}


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no fork")
def test_a_run_that_is_killed_whenever_completes_later_and_no_finished_node_works_twice(tmp_path: Path) -> None:
    graph, record = tmp_path / "graph.json", tmp_path / "record"
    ends = [edge.split(">") for edge in EDGES.split()]
    edges = [{"source": [source, "images"], "target": target.split(".")} for source, target in ends]
    nodes = [{"id": each, "type": "theirs.step", "params": {"word": each}} for each in NODES]
    graph.write_text(json.dumps({"nodes": nodes, "edges": edges}))
    chance = random.Random(SEED)
    caught: Counter[int] = Counter()  # kills, by how many nodes had finished
    with commands(tmp_path) as cli:
        whole = max(cli.run("run", graph, "--workspace", tmp_path / f"whole{number}").seconds for number in range(2))
        number = 0
        while caught.total() < KILLS:
            workspace = tmp_path / f"workspace{number}"
            number += 1
            for turn in range(TURNS):
                before = kept(workspace)
                record.write_text("")
                moment = chance.uniform(0, whole) if turn < TURNS - 1 else None
                ended = cli.run("run", graph, "--workspace", workspace, kill_after=moment)
                began = record.read_text().split()
                assert not before & set(began), f"finished before, and at work again: {sorted(before & set(began))}"
                assert max(Counter(began).values(), default=1) == 1
                assert before <= kept(workspace) <= before | set(began)
                if not ended.killed:
                    break
                caught[len(kept(workspace))] += 1
            assert ended.code == 0, (tmp_path / "said").read_text()[-2000:]
            assert kept(workspace) == before | set(began) == set(NODES)
    assert len(caught) >= 5, f"the kills came all at the same moments: {caught}"
