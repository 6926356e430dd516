"""Another process that trains in the same cache, as far as others can tell, until it is killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from fenlei.training.finetune.at_work import AtWork
from tests.support.mortals import kill, pipe, start


def _work(cache: Path, connection: Any) -> None:
    with AtWork(cache):
        connection.send("at work")
        connection.recv()  # never comes


@contextmanager
def another_at_work(cache: Path) -> Iterator[BaseProcess]:
    """It is at work when the block begins; `kill` ends it sooner than the block does."""
    ours, its = pipe()
    child = start(_work, cache, its)
    try:
        assert ours.poll(60), "the process did not begin"
        assert ours.recv() == "at work"
        yield child
    finally:
        kill(child)
