"""What was measured, row by row, and the table of it."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

COLUMNS = ("what", "seconds", "rate", "HTTP p50", "p95", "max", "store p50", "p95", "max", "bound", "remarks")
CALLS = 30
WARM = 2
"""Calls before the first one that counts."""


@dataclass(frozen=True)
class Times:
    """Milliseconds of calls, ascending."""

    milliseconds: Sequence[float]

    @classmethod
    def of(cls, call: Callable[[int], object], *, warm: int = WARM) -> Times:
        """Make a call 30 times, telling it which one it is; `warm` calls before that do not count."""
        for number in range(warm):
            call(number)
        found = []
        for number in range(CALLS):
            began = time.perf_counter()
            call(number)
            found.append((time.perf_counter() - began) * 1000)
        return cls(sorted(found))

    @property
    def p50(self) -> float:
        """The median."""
        return statistics.median(self.milliseconds)

    @property
    def p95(self) -> float:
        """The second largest of thirty."""
        return self.milliseconds[int(len(self.milliseconds) * 0.95)]

    @property
    def words(self) -> list[str]:
        """For the table."""
        return [f"{each:.1f}" for each in (self.p50, self.p95, self.milliseconds[-1])]


class Figures:
    """The rows, in the order in which they are measured; each is told on stderr at once."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.sections: list[int] = []
        self.over: list[str] = []
        self._began = time.monotonic()

    def section(self) -> None:
        """A line between what was and what comes."""
        self.sections.append(len(self.rows))

    def once(
        self, what: str, seconds: float | None, rate: str = "", *, bound: float | None = None, remarks: str = ""
    ) -> None:
        """Something that was done once; `bound` in seconds."""
        words = "" if seconds is None else f"{seconds:.2f}"
        limit = "" if bound is None else f"{bound:g} s"
        if bound is not None and seconds is not None and seconds > bound:
            self.over.append(f"{what}: {seconds:.2f} s, bound {limit}")
        self._add([what, words, rate, *[""] * 6, limit, remarks])

    def calls(
        self, what: str, http: Times, store: Times | None, *, bound: float | None = None, remarks: str = ""
    ) -> None:
        """Something that was done thirty times; `bound` in milliseconds, for p95 over HTTP."""
        limit = "" if bound is None else f"{bound:g} ms"
        if bound is not None and http.p95 > bound:
            self.over.append(f"{what}: p95 {http.p95:.1f} ms over HTTP, bound {limit}")
        self._add([what, "", "", *http.words, *(store.words if store else [""] * 3), limit, remarks])

    def tell(self, sentence: str) -> None:
        """Say on stderr what is going on."""
        print(f"{time.monotonic() - self._began:7.1f} s  {sentence}", file=sys.stderr, flush=True)

    def show(self, title: str, *, markdown: bool) -> None:
        """Print the table."""
        if markdown:
            print(f"{title}:\n\n| {' | '.join(COLUMNS)} |\n|---|{'---:|' * 9}---|")
            for row in self.rows:
                print(f"| {' | '.join(row)} |")
            return
        table = Table(title=title)
        for name in COLUMNS:
            table.add_column(name, justify="left" if name in {"what", "remarks"} else "right")
        for number, row in enumerate(self.rows):
            if number in self.sections:
                table.add_section()
            table.add_row(*row)
        Console(width=170).print(table)

    def _add(self, row: list[str]) -> None:
        self.rows.append(row)
        self.tell("  ".join(word for word in row if word))
