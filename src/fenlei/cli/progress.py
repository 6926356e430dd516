"""Progress of long work: bars where a person looks, one line a stage where a log is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from fenlei.cli.console import err
from fenlei.cli.durations import about


class Report(Protocol):
    """Called as work goes on: `done` of `total` steps of `stage`."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...

    def time(self, spent: float, left: float) -> None:
        """How many seconds are spent and, about, left, where the work knows."""


@contextmanager
def progress(quiet: bool = False) -> Iterator[Report]:
    """Show what is reported until the block ends.

    Args:
        quiet: show nothing.
    """
    if quiet:
        yield _Silent()
    elif err.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Remaining())
        with Progress(*columns, console=err, transient=True) as bars:
            yield _Bars(bars)
    else:
        yield _Lines()


class _Silent:
    """Nobody looks."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Say nothing."""

    def time(self, spent: float, left: float) -> None:
        """Say nothing."""


class _Remaining(TimeRemainingColumn):
    """Guesses from the pace, but not where the work itself has told what is left."""

    def render(self, task: Task) -> Text:
        return Text("") if task.fields.get("told") else super().render(task)


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._clock: TaskID | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(str(stage), total=total or None)
        # A step of unknown length (total 0) pulses until it is told done.
        self._bars.update(self._tasks[stage], completed=done, total=total or None)

    def time(self, spent: float, left: float) -> None:
        if self._clock is None:
            self._clock = self._bars.add_task("time", told=True)
        said = f"{about(left)} left"
        self._bars.update(self._clock, description=said, completed=round(spent), total=max(1, round(spent + left)))


class _Lines:
    """One line for every stage as it begins; stages with nothing to do stay silent."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, int]] = set()
        self._tenths = -1

    def __call__(self, stage: str, done: int, total: int) -> None:
        if total and (stage, total) not in self._seen:
            self._seen.add((stage, total))
            err.print(f"{stage} ({total}) …" if total > 1 else f"{stage} …", markup=False)

    def time(self, spent: float, left: float) -> None:
        tenths = int(10 * spent / (spent + left)) if spent + left else 0
        if tenths > self._tenths:
            self._tenths = tenths
            err.print(f"{about(left)} left", markup=False)
