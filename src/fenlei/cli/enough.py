"""Ctrl-C during a search: the first one ends it and keeps the best so far, the second one ends everything."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from fenlei.cli.console import say


class Enough:
    """Whether somebody has had enough.

    Attributes:
        something: whether there is anything to keep; before that, Ctrl-C ends everything.
        dropped: whether everything shall end. The exception that says so may meet code that swallows it, a callback of
            a library or an import; whoever works asks here as well.
    """

    def __init__(self) -> None:
        self.something = False
        self.dropped = False
        self._said = False

    def __call__(self) -> bool:
        """Asked by the search."""
        return self._said

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Called by the signal."""
        if self._said or not self.something:
            self.dropped = True
            raise KeyboardInterrupt
        self._said = True
        say("Ending the search; the best so far is kept. Ctrl-C again drops it.")


@contextmanager
def listening() -> Iterator[Enough]:
    """Listen for Ctrl-C until the block ends."""
    enough = Enough()
    before = signal.signal(signal.SIGINT, enough.hear)
    try:
        yield enough
    finally:
        signal.signal(signal.SIGINT, before)
