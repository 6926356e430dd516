"""How long a model may take to answer: by the goal, against the first view, as measured on this machine.

Whole answers are compared, since that is what a caller waits for: decoding and network. Where pictures are so large
that decoding takes longer than the first network, it counts as long as that: a slow decoding shall not excuse a network
of any size. So a network may take 1.5 to 2 times as long as the first one for `fast`, 5 to 9 times for `balanced`, and
16 to 31 times for `accurate`.
"""

from __future__ import annotations

from fenlei.contract.errors import FenleiError
from fenlei.training.view import View
from fenlei.training.workshop import Workshop

TIMES = {"fast": 1.5, "balanced": 5.0, "accurate": 16.0}
"""How many times as long as an answer by the first view one by another may take, by goal."""


class Ceiling:
    """Asks the workshop, which measures each network once.

    Args:
        workshop: where networks are opened.
        first: the view that is always allowed.
        goal: `fast`, `balanced` or `accurate`.
    """

    def __init__(self, workshop: Workshop, first: View, goal: str) -> None:
        self._workshop, self._first, self._times = workshop, first, TIMES[goal]

    def allows(self, view: View) -> bool:
        """Whether a model on this view answers quickly enough.

        Raises:
            FenleiError: its network cannot be had or run.
        """
        if view == self._first:
            return True
        quickest = self._workshop.network_milliseconds(self._first)
        answer = self._workshop.network_milliseconds(view) + self._decoding(view, quickest)
        return answer <= self._times * (quickest + self._decoding(self._first, quickest))

    def lets_try(self, view: View) -> bool:
        """The same, and False where its network cannot be had: the line of the plan's candidate says why."""
        try:
            return self.allows(view)
        except FenleiError:
            return False

    def _decoding(self, view: View, most: float) -> float:
        return min(most, self._workshop.decoding_milliseconds(view))
