"""A bounded queue before a few worker threads: takes what is there, never waits for company, full means busy now."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from fenlei.serving.errors import CallerGone, Overloaded

T = TypeVar("T")

log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
"""How long nothing must come before the desk counts as idle."""

_FIRST_GUESS = 0.02
"""Seconds one job is taken to last until some have been measured."""


class Ticket(Generic[T]):
    """A job at the desk, as its owner sees it."""

    __slots__ = ("_deadline", "_deliver", "_desk", "_work", "gone")

    def __init__(
        self,
        desk: Desk,
        work: Callable[[Ticket[T]], T],
        deliver: Callable[[T | BaseException], None],
        deadline: float,
    ) -> None:
        self._desk = desk
        self._work = work
        self._deliver = deliver
        self._deadline = deadline
        self.gone = False

    def cancel(self) -> None:
        """Say that nobody waits for the result: a waiting job leaves the queue at once, a running one sees `gone`.

        The result is not delivered any more. Cancelling twice, or after the end, is fine.
        """
        self.gone = True
        self._desk._forget(self)

    def check(self) -> None:
        """Called by the work between its expensive steps.

        Raises:
            CallerGone: nobody waits any more.
        """
        if self.gone:
            raise CallerGone

    def _check_begin(self, now: float) -> None:
        self.check()
        if now > self._deadline:
            raise Overloaded("deadline", self._desk.retry_after)


class Desk:
    """Runs jobs on `workers` threads, first come, first served.

    At most `places` jobs wait; one more is refused at once, with the time after which there should be room. A job
    that waited longer than `patience` is not begun. What a job raises goes to its own caller and to nobody else.
    """

    def __init__(
        self, *, workers: int, places: int, patience: float = 10.0, idle: Callable[[], None] | None = None
    ) -> None:
        """Start the threads.

        Args:
            workers: jobs side by side, at least 1.
            places: jobs that may wait while all workers are busy.
            patience: seconds a job may wait before it is refused instead of begun.
            idle: called once, on a worker thread, when nothing has come for IDLE_SECONDS after some work.
        """
        self.workers = workers
        self.places = places
        self._patience = patience
        self._waiting: deque[Ticket[object]] = deque()
        self._changed = threading.Condition()
        self._running = 0
        self._closed = False
        self._idle = idle
        self._tidy = True  # nothing was done since `idle` was called last
        self._seconds = _FIRST_GUESS
        self._threads = [
            threading.Thread(target=self._serve, name=f"fenlei-worker-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def depth(self) -> int:
        """Jobs that wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Jobs that are being worked on."""
        return self._running

    @property
    def retry_after(self) -> int:
        """Whole seconds in which the work at hand should be done, by the time recent jobs took; at least 1."""
        ahead = len(self._waiting) + self._running
        return max(1, math.ceil(ahead * self._seconds / self.workers))

    def check_room(self) -> None:
        """Refuse before anything was spent on a job that would be refused anyway.

        Raises:
            Overloaded: every place is taken, or the desk is closed.
        """
        if self._closed:
            raise Overloaded("draining", self.retry_after)
        if len(self._waiting) + self._running >= self.places + self.workers:
            raise Overloaded("queue", self.retry_after)

    def submit(self, work: Callable[[Ticket[T]], T], deliver: Callable[[T | BaseException], None]) -> Ticket[T]:
        """Put a job into the queue.

        Args:
            work: called on a worker thread with the ticket; calls `ticket.check()` before each expensive step.
            deliver: called once on the worker thread with what `work` returned or raised, unless cancelled before.

        Raises:
            Overloaded: every place is taken, or the desk is closed.
        """
        ticket: Ticket[T] = Ticket(self, work, deliver, time.monotonic() + self._patience)
        with self._changed:
            self.check_room()
            self._waiting.append(ticket)  # type: ignore[arg-type]
            self._changed.notify()
        return ticket

    def close(self, timeout: float | None = None) -> bool:
        """Refuse new jobs, finish those that are in the house, and end the threads.

        Returns:
            Whether everything was finished within `timeout` seconds.
        """
        until = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _forget(self, ticket: Ticket[T]) -> None:
        with self._changed:
            if ticket in self._waiting:  # else it runs, or it has ended
                self._waiting.remove(ticket)  # type: ignore[arg-type]

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    if not self._changed.wait(None if self._tidy or self._idle is None else IDLE_SECONDS):
                        self._rest()
                if not self._waiting:
                    return
                ticket = self._waiting.popleft()
                self._running += 1
                self._tidy = False
            try:
                self._run(ticket)
            finally:
                with self._changed:
                    self._running -= 1
                del ticket  # the body and the answer must not stay in memory until the next job comes

    def _rest(self) -> None:
        """Tidy up if everybody is at rest. The others may take jobs meanwhile, so the lock is let go of."""
        if self._running or self._waiting or self._tidy or self._idle is None:
            return
        self._tidy = True
        self._changed.release()
        try:
            self._idle()
        except Exception:
            log.exception("idle_failed")
        finally:
            self._changed.acquire()

    def _run(self, ticket: Ticket[object]) -> None:
        started = time.monotonic()
        outcome: object
        try:
            ticket._check_begin(started)
            outcome = ticket._work(ticket)
        except BaseException as exc:  # noqa: BLE001 (whatever it is, it belongs to the caller of this one job)
            outcome = exc
        else:
            self._seconds += 0.05 * (time.monotonic() - started - self._seconds)
        if ticket.gone:
            return
        try:
            ticket._deliver(outcome)
        except Exception:
            log.exception("answer_not_delivered")
