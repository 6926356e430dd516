"""What every place where runs are carried out promises. Subclass it and give the fixtures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fenlei.runs import Child, Compute
from tests.support.until import until

ROOT = Path(__file__).parents[2]

CHILD = """
import os, signal, subprocess, sys, time
from pathlib import Path
from fenlei.runs.deathwatch import die_with_worker

die_with_worker()
what, folder = sys.argv[1], Path(sys.argv[2])
run_id, fence = sys.argv[3:]
if what == "polite":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
else:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
other = subprocess.Popen(["sleep", "600"]) if what == "family" else None
assert sys.stdin.read() == ""
(folder / run_id).write_text(f"{os.getpid()} {other.pid if other else 0} {fence}")
if what == "quick":
    sys.exit(7)
while True:
    time.sleep(0.02)
"""
"""A process of a run, such as these tests need."""


def gone(pid: int) -> bool:
    """Whether no such process works any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


class ComputeSuite:
    """Examines a `Compute`. `STARTER` is a program that starts a child in another process and prints its pid."""

    STARTER: str

    @pytest.fixture
    def compute_for(self, tmp_path: Path) -> Callable[[str], Compute]:
        """Makes one whose children behave so: polite, quick, deaf, family."""
        raise NotImplementedError

    @pytest.fixture
    def start(self, compute_for: Callable[[str], Compute], tmp_path: Path) -> Iterator[Callable[[str], Child]]:
        """Starts a child and waits until it is at work."""
        children: list[Child] = []

        def make(what: str) -> Child:
            child = compute_for(what).start(f"rn_{len(children)}", 42)
            children.append(child)
            until(lambda: self.words(tmp_path, f"rn_{len(children) - 1}"), 20, "the child's words")
            return child

        yield make
        for child in children:
            child.kill()

    def words(self, folder: Path, run_id: str = "rn_0") -> list[str]:
        """What a child has written down."""
        with suppress(FileNotFoundError):
            return (folder / run_id).read_text().split()
        return []

    def test_a_child_knows_its_run_and_fence_and_tells_how_it_ended(
        self, start: Callable[[str], Child], tmp_path: Path
    ) -> None:
        child = start("quick")
        assert until(child.status, 10) == 7
        assert self.words(tmp_path)[2] == "42"
        child.ask()
        child.kill()
        assert child.status() == 7

    def test_a_child_is_asked_and_ends_by_itself(self, start: Callable[[str], Child]) -> None:
        child = start("polite")
        assert child.status() is None
        child.ask()
        assert until(lambda: child.status() is not None, 10)
        assert child.status() == 0

    def test_a_child_that_does_not_listen_is_killed_with_all_it_has_started(
        self, start: Callable[[str], Child], tmp_path: Path
    ) -> None:
        child = start("family")
        child.ask()
        pid, other, _ = map(int, self.words(tmp_path))
        assert not gone(other)
        child.kill()
        assert child.status() == -9
        assert gone(pid)
        until(lambda: gone(other), 5, "the end of what it had started")

    def test_one_child_is_killed_and_another_is_not(self, start: Callable[[str], Child]) -> None:
        one, other = start("deaf"), start("deaf")
        one.kill()
        assert one.status() == -9
        assert other.status() is None

    def test_children_do_not_outlive_the_one_that_started_them(self, tmp_path: Path) -> None:
        starter = subprocess.Popen(
            [sys.executable, "-c", self.STARTER, "deaf", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert starter.stdout is not None
        with starter.stdout:
            assert starter.stdout.readline()
        until(lambda: self.words(tmp_path), 20, "the child's words")
        pid = int(self.words(tmp_path)[0])
        assert not gone(pid)
        starter.kill()
        starter.wait()
        until(lambda: gone(pid), 2, "the child's end")

    def test_where_none_can_be_started_that_is_said(self) -> None:
        with pytest.raises(OSError, match="no-such-program"):
            self.unusable().start("rn_0", 1)

    def unusable(self) -> Compute:
        """One that cannot start anything."""
        raise NotImplementedError
