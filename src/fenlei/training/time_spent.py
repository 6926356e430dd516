"""What became of the time of a search, as it is written down beside its journal."""

from __future__ import annotations

import msgspec


class TimeSpent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the time of a search.

    Attributes:
        spent: seconds, by all processes that worked on it.
        moved: seconds that had been spent when something moved last.
        budget: the last that was given.
        planned: whether what is tried in any case was tried.
    """

    spent: float = 0.0
    moved: float = 0.0
    budget: float | None = None
    planned: bool = False
