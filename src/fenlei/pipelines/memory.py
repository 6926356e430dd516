"""Where results of nodes are kept, so that nobody computes twice what somebody has computed before."""

from __future__ import annotations

from threading import Lock
from typing import Protocol

from fenlei.pipelines.reference import AnyReference

Outputs = dict[str, AnyReference]
"""References by the names of a node's outputs."""


class Memory(Protocol):
    """Results of nodes. Safe from many threads. What is found was kept whole, and what it names is still there."""

    def finished(self, node: str, key: str) -> Outputs | None:
        """What this node left behind earlier in this very run, under this key; None where it did not end."""
        ...

    def find(self, key: str) -> Outputs | None:
        """What any node of any run left behind under this key; None where nothing was, or it is gone."""
        ...

    def keep(self, node: str, key: str, outputs: Outputs, *, share: bool) -> None:
        """Keep what a node left behind, in one piece: after this `finished` finds it, and with `share` `find` too."""
        ...


class Remembered:
    """A memory that lasts as long as the process; for scripts and tests.

    It is that of one run: `of_another_run` is that of the next, which knows what was shared.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._ended: dict[tuple[str, str], Outputs] = {}
        self._shared: dict[str, Outputs] = {}

    def of_another_run(self) -> Remembered:
        """A memory in which nothing has ended, and everything is found that is found here."""
        other = Remembered()
        other._lock, other._shared = self._lock, self._shared
        return other

    def finished(self, node: str, key: str) -> Outputs | None:
        """See `Memory`."""
        with self._lock:
            return self._ended.get((node, key))

    def find(self, key: str) -> Outputs | None:
        """See `Memory`."""
        with self._lock:
            return self._shared.get(key)

    def keep(self, node: str, key: str, outputs: Outputs, *, share: bool) -> None:
        """See `Memory`."""
        with self._lock:
            self._ended[node, key] = outputs
            if share:
                self._shared[key] = outputs
