"""Processes of this machine carry out runs as the seam promises."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fenlei.runs import Compute, LocalProcesses
from tests.support.compute_suite import CHILD, ROOT, ComputeSuite
from tests.support.until import until


class TestLocalProcesses(ComputeSuite):
    """Children that are processes of this machine."""

    STARTER = """
import sys, time
from fenlei.runs import LocalProcesses
from tests.support.compute_suite import CHILD

child = LocalProcesses([sys.executable, "-c", CHILD, *sys.argv[1:3]]).start("rn_0", 42)
print(child.pid, flush=True)
time.sleep(600)
"""

    @pytest.fixture
    def compute_for(self, tmp_path: Path) -> Callable[[str], Compute]:
        """Programs of a few lines."""
        return lambda what: LocalProcesses([sys.executable, "-c", CHILD, what, tmp_path], folder=ROOT)

    def unusable(self) -> Compute:
        """A program that is not there."""
        return LocalProcesses(["/no-such-program"])


def test_a_process_that_learns_of_its_workers_end_by_the_pipe_alone_ends_too(tmp_path: Path) -> None:
    child = LocalProcesses([sys.executable, "-c", CHILD, "deaf", tmp_path], folder=ROOT).start("rn_0", 42)
    try:
        until((tmp_path / "rn_0").exists, 20, "the child's words")
        assert child.status() is None
        stdin = child._process.stdin
        assert stdin is not None
        stdin.close()
        assert until(child.status, 5, "its end") == 1
    finally:
        child.kill()
