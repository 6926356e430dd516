"""The most memory that each process of a tree has held, and its CPU time, also of those that are gone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

PROC = Path("/proc")
EVERY = 0.1
"""Seconds between looks; what a process takes in its last tenth may be missed."""

TICK = os.sysconf("SC_CLK_TCK")


class Peak(NamedTuple):
    """What was last seen of a process.

    Attributes:
        megabytes: the most it has held (`VmHWM`).
        cpu: seconds, all threads, user and system.
    """

    megabytes: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.megabytes:.0f} MB, {self.cpu:.1f} s of CPU"


class Peaks:
    """Watches all descendants of this process while the `with` block runs."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str], Peak] = {}
        self._ended = threading.Event()
        self._quiet = threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def of(self, *words: str) -> Peak:
        """The largest process whose command line has all these words."""
        self._look()
        chosen = [each for (_, command), each in list(self._found.items()) if set(words) <= set(command.split())]
        return max(chosen, default=Peak(0, 0))

    @contextmanager
    def still(self) -> Iterator[None]:
        """Does not look meanwhile: that would be measured too. Of processes that live on nothing is missed."""
        with self._quiet:
            yield

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY):
            with self._quiet:
                self._look()

    def _look(self) -> None:
        for process in _descendants(os.getpid()):
            here = PROC / str(process)
            try:
                command = (here / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                status = (here / "status").read_text()
                spent = (here / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # gone between two looks
            most = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), None)
            if most is not None:  # else it has ended and nobody has asked yet how
                self._found[process, command] = Peak(int(most) * 1024 / 1e6, (int(spent[11]) + int(spent[12])) / TICK)


def _descendants(process: int) -> list[int]:
    found: list[int] = []
    waiting = [process]
    while waiting:
        parent = waiting.pop()
        try:
            # A child is listed under the thread that started it.
            tasks = list((PROC / str(parent) / "task").iterdir())
            children = [int(each) for task in tasks for each in (task / "children").read_text().split()]
        except OSError:
            continue
        found += children
        waiting += children
    return found
