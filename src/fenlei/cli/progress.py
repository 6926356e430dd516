"""Progress of long work: bars where a person looks, one line a stage where a log is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from fenlei.cli.console import err


class Report(Protocol):
    """Called as work goes on: `done` of `total` steps of `stage`."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


@contextmanager
def progress(quiet: bool = False) -> Iterator[Report]:
    """Show what is reported until the block ends.

    Args:
        quiet: show nothing.
    """
    if quiet:
        yield _silent
    elif err.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=err, transient=True) as bars:
            yield _Bars(bars)
    else:
        yield _Lines()


def _silent(stage: str, done: int, total: int) -> None:
    """Nobody looks."""


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(str(stage), total=total or None)
        # A step of unknown length (total 0) pulses until it is told done.
        self._bars.update(self._tasks[stage], completed=done, total=total or None)


class _Lines:
    """One line for every stage as it begins; stages with nothing to do stay silent."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, int]] = set()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if total and (stage, total) not in self._seen:
            self._seen.add((stage, total))
            err.print(f"{stage} ({total}) …" if total > 1 else f"{stage} …", markup=False)
