"""What a run tells, on its way into the store: gathered, bounded, handed over in batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fenlei.runs.plain import plain, text
from fenlei.store import now
from fenlei.store.events import NewEvent

LINE = 2000
"""Characters of a log line that are kept."""

BURST, RATE = 1000, 50
"""Log lines (and, apart from them, metrics and early results) that may come at once, and in each second after that."""


@dataclass
class Batch:
    """Events in order, and how far the run is."""

    events: list[NewEvent] = field(default_factory=list)
    progress: NewEvent | None = None


class _Allowance:
    """A bucket of permissions that fills by and by. What is refused is counted, so that it can be told."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left = float(BURST)
        self._at = clock()
        self.refused = 0

    def take(self) -> bool:
        at = self._clock()
        self._left, self._at = min(BURST, self._left + RATE * (at - self._at)), at
        if self._left < 1:
            self.refused += 1
            return False
        self._left -= 1
        return True


class Outbox:
    """Takes what a run tells, from any of its threads; of progress only the latest is kept until the next batch."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._batch = Batch()
        self._lines = _Allowance(clock)
        self._figures = _Allowance(clock)

    def log(self, said: str, step: str | None) -> None:
        """Keep each line of a text."""
        with self._lock:
            for line in text(said).splitlines() or [""]:
                if self._lines.take():
                    self._add("log", {"text": _cut(line)}, step)

    def figure(self, kind: str, data: dict[str, Any], step: str | None) -> None:
        """Keep a metric or an early result."""
        ready = plain(data)
        with self._lock:
            if self._figures.take():
                self._add(kind, ready, step)

    def progress(self, stage: str, fraction: float, step: str | None, time_left: float | None = None) -> None:
        """Keep how far the run is, and how many seconds are left, where that is known."""
        kept = min(1.0, max(0.0, fraction)) if fraction == fraction else 0.0  # noqa: PLR0124 (not a number)
        data: dict[str, Any] = {"stage": text(stage)[:80], "fraction": kept}
        if time_left is not None:
            data["time_left"] = round(time_left, 1)
        event = NewEvent("progress", data, now(), step)
        with self._lock:
            self._batch.progress = event

    @property
    def waiting(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._batch.events) or self._batch.progress is not None

    def take(self) -> Batch:
        """Everything so far; it is the caller's now."""
        with self._lock:
            self._own_up()
            batch, self._batch = self._batch, Batch()
            return batch

    def give_back(self, batch: Batch) -> None:
        """Put a batch before everything that came meanwhile: it could not be written."""
        with self._lock:
            self._batch.events[:0] = batch.events
            self._batch.progress = self._batch.progress or batch.progress

    def _own_up(self) -> None:
        for allowance, what in ((self._lines, "log lines"), (self._figures, "figures")):
            if allowance.refused:
                left_out = f"({allowance.refused} {what} left out: a run may give {RATE} a second)"
                allowance.refused = 0
                self._add("log", {"text": left_out}, None)

    def _add(self, kind: str, data: dict[str, Any], step: str | None) -> None:
        self._batch.events.append(NewEvent(kind, data, now(), step))


def _cut(line: str) -> str:
    return line if len(line) <= LINE else f"{line[:LINE]}… ({len(line) - LINE} more characters)"
