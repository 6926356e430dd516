"""Where runs are carried out: a seam."""

from __future__ import annotations

from typing import Protocol


class Child(Protocol):
    """One run being carried out somewhere."""

    def status(self) -> int | None:
        """How it ended: 0, an exit status, or the negative number of the signal that ended it; None while it has not.
        When this is not None, nothing of it runs any more."""

    def ask(self) -> None:
        """Ask it to stop at its next step. Of no effect when it has ended."""

    def kill(self) -> None:
        """End it now, with all it has started; when this returns, nothing of it runs."""


class Compute(Protocol):
    """Starts the process of a run.

    The process has the environment that its recipe needs, is asked by SIGTERM or its like, and does not outlive the one
    that started it: when the starter is killed, all its children are gone within a moment.
    """

    def start(self, run_id: str, fence: int) -> Child:
        """Begin to carry out a run that was claimed under a fence.

        Raises:
            OSError: no process can be started here now.
        """
