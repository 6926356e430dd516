"""What a recipe has in its hands while it carries out a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fenlei.runs import transitions
from fenlei.runs.errors import RunStopped
from fenlei.runs.plain import plain
from fenlei.runs.pulse import Pulse
from fenlei.runs.reason import Reason
from fenlei.store import Store, Work
from fenlei.store.tables import Run

LOOK = 1.0
"""Seconds between two looks at whether somebody more urgent waits."""

Result = dict[str, Any] | None
"""What a step or a run leaves behind, as JSON can hold it."""


class RunContext:
    """One run in one process. Its methods may be called from any thread, `step` and the finishing ones from one.

    Attributes:
        run: what was asked for, as it was when this process began.
        store: where everything is kept. What is written there for the run is written in transactions that `guard`.
        finished: whether the run is done.
        told: whether the recipe has been told that it shall stop.
        overtaken: whether that is because a more urgent run waits.
        worked: seconds that earlier processes have worked on it.
    """

    def __init__(self, store: Store, run: Run, pulse: Pulse, worked: float = 0.0) -> None:
        self.store = store
        self.run = run
        self.worked = worked
        self.finished = False
        self.told = False
        self.overtaken = False
        self._pulse = pulse
        self._next_look = 0.0
        self._step: str | None = None

    def step(self, name: str, function: Callable[[], Result]) -> Result:
        """Do a part of the run, unless an earlier process of this run has finished it.

        A kill right after `function` and before its result is stored makes the next process call it again. What must
        happen exactly once belongs into `finish_step` or `finish`.

        Args:
            name: of the step; the same in every attempt, at most 80 characters.
            function: does it and returns what later steps need.

        Returns:
            What `function` returned, now or then.

        Raises:
            RunStopped: the run shall stop. A step during which `cancelled` said so is not kept.
            TypeError: the result is no JSON.
        """
        known = self._known(name)
        if known is not None:
            return known[0]
        self._begin(name)
        with self._inside(name):
            result: Result = plain(function())
            if self.told:
                raise RunStopped
            return self._finish_step(name, lambda work: result)

    def finish_step(self, name: str, function: Callable[[Work], Result]) -> Result:
        """Do a part of the run in one transaction with the word that it is finished, so that what `function` writes is
        there exactly once. It must be short: nobody else writes meanwhile, and the lease is not renewed.

        Args:
            name: of the step.
            function: writes rows and returns the step's result.

        Returns:
            What `function` returned, now or in an earlier process.

        Raises:
            RunStopped: the run shall stop.
        """
        known = self._known(name)
        if known is not None:
            return known[0]
        with self._inside(name):
            return self._finish_step(name, function)

    def restate(self, name: str, function: Callable[[Work], Result]) -> Result:
        """Say what a part of the run has come to by now, in place of what was said of it before. What is named in it
        is kept for as long as the run is under way, like the results of steps.

        Args:
            name: of the step.
            function: writes rows and returns what is said. Short, as in `finish_step`.

        Returns:
            What `function` returned.

        Raises:
            LeaseLost: another process may have the run.
        """
        return self._finish_step(name, function)

    def stated(self, name: str) -> Result:
        """What was said of a part of the run; None where nothing was."""
        with self.store.reading() as work:
            step = work.steps.finished(self.run.id, name)
        return None if step is None else step.result

    def finish(self, function: Callable[[Work], Result]) -> None:
        """End the run: its result, its state and the rows that `function` makes, in one transaction, so that all are
        there exactly once. What the recipe returns afterwards does not count.

        Args:
            function: writes rows and returns the run's result. Short, as in `finish_step`.

        Raises:
            LeaseLost: another process may have the run.
        """
        with self._pulse.fenced(last=True) as (work, job):
            transitions.done(work, job, plain(function(work)))
        self.finished = True

    def progress(self, stage: str, fraction: float, time_left: float | None = None) -> None:
        """Tell how far the run is, as often as is handy; a few times a second the latest is stored.

        Args:
            stage: what it is busy with, for a person.
            fraction: of the whole run, 0 to 1.
            time_left: seconds, about, where that is known.
        """
        self._pulse.outbox.progress(stage, fraction, self._step, time_left)

    def metric(self, name: str, value: float, **more: Any) -> None:
        """Tell a figure, such as a loss; `more` says of what (`epoch=3`)."""
        self._pulse.outbox.figure("metric", {**more, "name": name, "value": value}, self._step)

    def log(self, text: str, step: str | None = None) -> None:
        """Write lines into the run's log, as those of a step; without one, of the one that is being done."""
        self._pulse.outbox.log(text, self._step if step is None else step)

    def early(self, data: dict[str, Any]) -> None:
        """Show something of the result before it is there."""
        self._pulse.outbox.figure("result", data, self._step)

    def cancelled(self) -> bool:
        """Whether the run shall stop: cancelled, its time is up, its worker leaves, its lease is lost. When this has
        said yes, the recipe returns soon (or raises anything); what it returns is not kept."""
        self.told = self.told or self._pulse.reason is not None
        return self.told

    def enough(self) -> bool:
        """Whether somebody has asked to end the run now with what it has; see `queue.finish`."""
        return self._pulse.enough

    def gives_way(self) -> bool:
        """As `cancelled`, and also when a more urgent run came meanwhile and waits: then this one waits again, in its
        old place, and goes on later. For work that nobody waits for and that loses little by a pause."""
        if not self.told and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK
            with self.store.reading() as work:
                self.told = self.overtaken = work.jobs.is_overtaken(self.run.id)
        return self.cancelled()

    def check(self) -> None:
        """Stop here if the run shall stop.

        Raises:
            RunStopped: it shall.
        """
        if self.cancelled():
            raise RunStopped

    def guard(self, work: Work) -> None:
        """Make sure, in a transaction that writes for the run, that the run is still ours until it is committed.

        Raises:
            LeaseLost: it is not; nothing of this transaction may be kept.
        """
        self._pulse.guard(work)

    @property
    def reason(self) -> Reason | None:
        """Why it shall stop."""
        return self._pulse.reason

    def _known(self, name: str) -> tuple[Result] | None:
        with self.store.reading() as work:
            step = work.steps.finished(self.run.id, name)
        if step is not None:
            return (step.result,)
        self.check()
        return None

    def _begin(self, name: str) -> None:
        with self._pulse.fenced() as (work, _):
            work.steps.begin(self.run.id, name, work.jobs.time())

    def _finish_step(self, name: str, function: Callable[[Work], Result]) -> Result:
        with self._pulse.fenced() as (work, job):
            result: Result = plain(function(work))
            work.steps.finish(self.run.id, name, result, work.jobs.time())
            work.jobs.got_on(job)
        return result

    @contextmanager
    def _inside(self, name: str) -> Iterator[None]:
        outer, self._step = self._step, name
        try:
            yield
        finally:
            self._step = outer
