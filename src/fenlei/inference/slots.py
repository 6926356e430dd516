"""Places at an engine: as many as run side by side, served in the order of asking; closing waits for the guests."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from fenlei.inference.engine import EngineClosed, EngineError

T = TypeVar("T")


class Slots(Generic[T]):
    """A fixed set of things that one caller at a time may use, with a door.

    Whoever asked first is served first, so a call with a thousand pictures cannot keep a call with one waiting for
    all of them. `call` opens the door for one whole call: what is inside when `close` comes may finish.
    """

    def __init__(self, things: Sequence[T]) -> None:
        self._idle: deque[T] = deque(things)
        self._queue: deque[object] = deque()
        self._calls = 0
        self._closed = False
        self._changed = threading.Condition()
        self._process = os.getpid()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Hold the door open for one call.

        Raises:
            EngineClosed: `close` came first.
            EngineError: this is a child process made by fork; the threads behind the slots stayed with its parent.
        """
        if os.getpid() != self._process:
            raise EngineError(
                "This engine was opened in another process, before a fork. Open it again in the process that uses it."
            )
        with self._changed:
            if self._closed:
                raise EngineClosed("This engine is closed. Open it again to run more pictures.")
            self._calls += 1
        try:
            yield
        finally:
            with self._changed:
                self._calls -= 1
                self._changed.notify_all()

    def take(self) -> T:
        """Wait for a thing, in the order of asking. Never while holding another: two callers could wait for ever."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                while not (self._idle and self._queue[0] is ticket):
                    self._changed.wait()
                return self._idle.popleft()
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def take_idle(self) -> T | None:
        """Take a thing only if one lies idle and nobody waits for it."""
        with self._changed:
            return self._idle.popleft() if self._idle and not self._queue else None

    def give(self, thing: T) -> None:
        """Put a thing back for the next in line."""
        with self._changed:
            self._idle.append(thing)
            self._changed.notify_all()

    def close(self) -> bool:
        """Shut the door and wait until everybody inside has left.

        Returns:
            Whether the things may be let go of now: true for the first to close, and never in a child process made
            by fork, where the threads that would have to answer do not exist.
        """
        if os.getpid() != self._process:
            return False
        with self._changed:
            first, self._closed = not self._closed, True
            while self._calls:
                self._changed.wait()
            return first

    def clear(self) -> None:
        """Let go of the things. Only after `close`."""
        with self._changed:
            self._idle.clear()
