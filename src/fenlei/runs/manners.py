"""How a worker works."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Manners:
    """How a worker works. Times are seconds.

    Attributes:
        concurrency: runs that it carries out side by side.
        kinds: which it carries out; all when None.
        most: of a kind at most so many side by side, so that quick ones need not wait for slow ones.
        everywhere: runs that all workers together carry out side by side.
        lease: after which a run whose process is silent is somebody else's. The processes must be told the same.
        grace: between asking a run to stop and killing it.
        drain: that runs get to stop at a step when the worker leaves.
        start_up: that a process has until it holds the lease itself.
        attempts: how often a run may be begun without finishing a step. The processes must be told the same.
        pause: between two looks into the queue.
    """

    concurrency: int = 1
    kinds: Collection[str] | None = None
    most: Mapping[str, int] = field(default_factory=dict)
    everywhere: int | None = None
    lease: float = 10.0
    grace: float = 10.0
    drain: float = 10.0
    start_up: float = 60.0
    attempts: int = 5
    pause: float = 0.25
