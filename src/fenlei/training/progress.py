"""One way to watch long work and one way to stop it."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from fenlei.contract.errors import FenleiError
from fenlei.training.timetable import Outlook

OFTEN = 0.25
"""Seconds between two words about the time left."""


class Stage(StrEnum):
    """What training is busy with. The value is what a person reads."""

    READ = "reading pictures"
    EMBED = "computing features"
    GROUP = "looking for duplicates"
    CHOOSE = "choosing the recipe"
    FIT = "fitting the head"
    TUNE = "fine-tuning the network"
    JUDGE = "judging on the test part"
    FINISH = "putting the model together"


class Progress(Protocol):
    """Called from the thread that trains: `done` of `total` steps of `stage`. A stage may come again for the next
    candidate; `done` then starts from 0."""

    def __call__(self, stage: Stage, done: int, total: int) -> None: ...


class Cancelled(FenleiError):
    """Training was stopped on request. No model was made; features computed so far stay in the cache."""

    def __init__(self) -> None:
        super().__init__("Training was stopped before it was done; no model was written.")


class Enough(FenleiError):
    """Somebody has had enough, or the time is over; what was found so far is kept."""


class Clock:
    """Hands progress on, and keeps the wall seconds of each stage on the way."""

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress
        self._last = time.monotonic()
        self._seconds: dict[Stage, float] = {}

    @property
    def seconds(self) -> dict[Stage, float]:
        """Wall seconds by stage so far, in the order in which the stages began."""
        return dict(self._seconds)

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        """Book the time since the last call on `stage`: a call tells what has just been done."""
        now = time.monotonic()
        self._seconds[stage] = self._seconds.get(stage, 0.0) + now - self._last
        self._last = now
        if self._progress is not None:
            self._progress(stage, done, total)


class Watch:
    """Progress and cancellation in one value, so that work says `watch.step(...)` and nothing more."""

    def __init__(
        self,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        enough: Callable[[], bool] | None = None,
        told: Callable[[Outlook], None] | None = None,
    ) -> None:
        """Watch.

        Args:
            progress: told of every step.
            cancelled: asked at every step whether all of it is called off.
            enough: asked whether what was found so far will do.
            told: how much time is spent and left, a few times a second, where that is known.
        """
        self._progress = progress
        self._cancelled = cancelled
        self._enough = enough
        self._told = told
        self._outlook: Callable[[], Outlook | None] | None = None
        self._next_word = 0.0
        self._early: bool = False
        self._deadline: float | None = None

    def expect(self, outlook: Callable[[], Outlook | None]) -> None:
        """From now on this knows how much time is left."""
        self._outlook = outlook

    def may_end_early(self, deadline: float | None = None) -> None:
        """From now on there is something to keep: `step` ends the work when somebody has had enough, or at the
        deadline (`time.monotonic`)."""
        self._early = True
        self._deadline = deadline

    def goes_on_to_the_end(self) -> None:
        """What is done from now on is done to its end."""
        self._early = False

    @property
    def stopped(self) -> bool:
        """Whether someone asked to stop."""
        return self._cancelled is not None and self._cancelled()

    @property
    def had_enough(self) -> bool:
        """Whether what was found so far will do for somebody."""
        return self._enough is not None and self._enough()

    def step(self, stage: Stage, done: int, total: int) -> None:
        """Report progress.

        Raises:
            Cancelled: someone asked to stop.
            Enough: what was found so far shall do.
        """
        if self.stopped:
            raise Cancelled
        if self._early and (self._over() or self.had_enough):
            raise Enough("The time is over.")
        if self._progress is not None:
            self._progress(stage, done, total)
        self.look_ahead()

    def ask(self) -> None:
        """Of work that is done to its end although somebody has had enough, who waits for what comes of it: ask whether
        all of it is called off.

        Raises:
            Cancelled: someone asked to stop.
        """
        if self.stopped:
            raise Cancelled

    def ask_and_look_ahead(self) -> None:
        """The same at a place where more is known of the time left, which is told.

        Raises:
            Cancelled: someone asked to stop.
        """
        self.ask()
        self.look_ahead()

    def look_ahead(self) -> None:
        """Tell how much time is left, if that was not told just now."""
        now = time.monotonic()
        if self._outlook is None or now < self._next_word:
            return
        self._next_word = now + OFTEN
        outlook = self._outlook()
        if outlook is not None and self._told is not None:
            self._told(outlook)

    def _over(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline
