"""How long a model may take to answer: by the goal, against the quickest view, as measured on this machine."""

from __future__ import annotations

from fenlei.contract.errors import FenleiError
from fenlei.training.view import View
from fenlei.training.workshop import Workshop

TIMES = {"fast": 1.5, "balanced": 5.0, "accurate": 16.0}
"""How many times as long as the first view another may take for one picture, by goal."""


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
        return self._workshop.milliseconds(view) <= self._times * self._workshop.milliseconds(self._first)

    def lets_try(self, view: View) -> bool:
        """The same, and False where its network cannot be had: the line of the plan's candidate says why."""
        try:
            return self.allows(view)
        except FenleiError:
            return False
