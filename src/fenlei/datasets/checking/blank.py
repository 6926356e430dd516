"""Pictures on which there is nothing to see: a lens cap, a white sheet, a failed download of one colour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fenlei.datasets.checking.check import Found, Mending, Need, Remedy
from fenlei.datasets.checking.survey import Survey
from fenlei.store.findings import Flagged

LEAST_SPREAD = 6.0
"""Levels of 255. Sensor noise of a covered lens stays below; a grey pencil stroke across a sheet is above."""


class Blank:
    """Flat but for noise, all over."""

    name = "blank"
    needs = frozenset({Need.LOOKS})
    advice = "The fix removes them. If nothing to see is a class of yours, leave them where they are."

    def find(self, survey: Survey) -> Iterable[Found]:
        """Says how much there is to see."""
        for picture in survey.pictures:
            seen = survey.looks.get(picture.sha256)
            if seen is not None and seen.spread is not None and seen.spread < LEAST_SPREAD:
                yield Found(picture.id, detail={"spread": round(seen.spread, 2), "least": LEAST_SPREAD})

    def mend(self, flagged: Sequence[Flagged], now: Callable[[], Survey]) -> Mending:
        """Remove them."""
        return Mending(Remedy.REMOVE, [each.id for each in flagged])
