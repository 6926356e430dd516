"""Which setting along a path from steady to loose is taken, without looking at all of them.

Along such a path (a penalty from strong to weak) the loss on pictures that were held out falls and then rises. The walk
may begin inside: it goes towards looser settings as long as each is clearly better, and where the first was not worth
leaving, towards steadier ones as long as they are hardly worse.
"""

from __future__ import annotations

from collections.abc import Callable

WORTH = 0.005
"""A looser setting must lower the loss by this share; below it the steadier one is kept."""

PATIENCE = 2
"""Settings in a row that bring nothing before the walk ends."""


def steadiest(count: int, first: int, loss_of: Callable[[int, int | None], float]) -> int:
    """Number of the setting that is taken: the steadiest whose loss is within `WORTH` of the lowest that was seen.

    Args:
        count: settings on the path, the steadiest first.
        first: where the walk begins.
        loss_of: tells the loss of a setting, given its number and that of the tried one next to it, if any.
    """
    lowest = loss_of(first, None)
    best, idle = first, 0
    for number in range(first + 1, count):
        loss = loss_of(number, number - 1)
        if loss < lowest * (1 - WORTH):
            best, lowest, idle = number, loss, 0
        else:
            idle += 1
            if idle >= PATIENCE:
                break
    if best > first:
        return best
    idle = 0
    for number in range(first - 1, -1, -1):
        loss = loss_of(number, number + 1)
        if lowest < loss * (1 - WORTH):
            idle += 1
            if idle >= PATIENCE:
                break
        else:
            best, lowest, idle = number, min(lowest, loss), 0
    return best
