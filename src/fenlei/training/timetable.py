"""When a search ends, so that what is told of the time left comes true.

A search with a budget ends when that is spent, or when nothing has moved for as long again as it took until something
moved last; but only where that saves at least half of the budget. So from the middle of a search on its end stands: in
the second half of the budget it is the budget's, and before that nothing has moved since the middle, or there would be
as much again to come. Where a last stage is tried, the end is when that would be over if all of it were needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from fenlei.training.ending import Ending, Piece
from fenlei.training.time_spent import TimeSpent


class Outlook(NamedTuple):
    """What may be told of the time.

    Attributes:
        spent: seconds, those of earlier processes included.
        left: seconds, about.
    """

    spent: float
    left: float


class Timetable:
    """The clock of one search.

    Attributes:
        ending: what comes after it. The search leaves what is kept aside for that; what is told is what it will take.
        planning: whether what is to be tried in any case is still being tried; until then only the budget ends it.
        moved: seconds spent when something moved last: a new best, or the plan was through.
        last: seconds that are set aside for a last stage, which follows when nothing else moves any more.
    """

    def __init__(
        self,
        budget: float | None,
        *,
        began: float | None = None,
        before: float = 0.0,
        moved: float = 0.0,
        clock: Callable[[], float] | None = None,
        ending: Ending | None = None,
    ) -> None:
        """Begin.

        Args:
            budget: seconds in all; None: as long as it takes.
            began: the reading of `clock` from which this process counts; None: now.
            before: seconds that earlier processes have spent.
            moved: seconds that had been spent when something moved last.
            clock: counts seconds; None: `time.monotonic`.
            ending: what comes after the search; None: nothing that is known of yet.
        """
        self._budget, self._before, self._clock = budget, before, clock or time.monotonic
        self._began = self._clock() if began is None else began
        self._last_since: float | None = None
        self._promised = 0.0
        self._fixed: float | None = None
        self._is_over = False
        self.last = 0.0
        self.ending = Ending(clock=clock) if ending is None else ending
        self.planning = True
        self.moved = moved

    @property
    def spent(self) -> float:
        """Seconds so far, those of earlier processes included."""
        return self._before + self._clock() - self._began

    @property
    def room(self) -> float:
        """Seconds in which candidates may still be tried; infinite without a budget."""
        return self._end - self.spent

    @property
    def deadline(self) -> float | None:
        """The reading of the clock at which the search ends as things stand; None without a budget."""
        return None if self._budget is None else self._began + self._end - self._before

    def something_moved(self) -> None:
        """There is a new best, or the plan is through."""
        self.moved = self.spent

    @property
    def room_for_last(self) -> float:
        """Seconds that a last stage may take; infinite without a budget."""
        return float("inf") if self._budget is None else self._budget - self.ending.aside - self.spent

    @property
    def left_of_last(self) -> float:
        """Seconds that are left of what was set aside for the last stage; of the budget, where that has not begun."""
        if self._last_since is None:
            return self.room_for_last
        return min(self.room_for_last, self._last_since + self.last - self.spent)

    def last_stage(self) -> None:
        """The last stage begins; only the budget ends it. From now on the end of all is promised, what comes after the
        search included: a best that takes less of that leaves more to the search."""
        self._last_since = self.spent
        self._promised = self.spent + self.last + self.ending.left

    def last_stage_over(self) -> None:
        """It is over; what it did not need of its time is there for others, and the end stands as it was told."""
        if self._last_since is not None and self.last > 0:
            self._fixed, self.last = self._promised, 0.0
        self._last_since = None

    def over(self) -> None:
        """The search has ended; what is left is to make a whole model of the best."""
        self._is_over = True
        self.ending.begin(Piece.STARTS)

    def outlook(self) -> Outlook | None:
        """What may be told now; None without a budget."""
        if self._budget is None:
            return None
        if self._is_over:
            return Outlook(self.spent, self.ending.left)
        if self._last_since is not None:
            expected = self._promised - self.spent - self.ending.left
            return Outlook(self.spent, max(0.0, min(expected, self.room)) + self.ending.left)
        return Outlook(self.spent, max(0.0, self.room) + self.last + self.ending.left)

    @property
    def _end(self) -> float:
        """Seconds spent when the search ends, as things stand."""
        if self._budget is None:
            return float("inf")
        if self._last_since is not None:
            return max(0.0, self._budget - self.ending.aside)
        if self._fixed is not None:
            return max(0.0, min(self._fixed - self.ending.left, self._budget - self.ending.aside))
        early, after = 2 * self.moved, self.last + self.ending.aside
        if self.planning or early + after > self._budget / 2:
            return max(0.0, self._budget - after)
        return early


def continued(
    budget: float | None, known: TimeSpent, *, began: float | None, spent: float, ending: Ending
) -> Timetable:
    """The timetable of a search that may have been begun before.

    Args:
        budget: seconds in all; None: as long as it takes.
        known: what its journal says.
        began: the `time.monotonic()` from which this process counts; None: now.
        spent: seconds that are gone, where the journal knows of fewer.
        ending: what comes when the search is over.
    """
    before = max(known.spent, spent)
    more = budget is not None and known.budget is not None and budget > known.budget
    found = Timetable(budget, began=began, before=before, moved=before if more else known.moved, ending=ending)
    found.planning = more or not known.planned
    return found
