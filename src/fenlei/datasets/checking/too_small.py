"""Pictures with a side shorter than a prediction request may have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fenlei.contract.limits import MIN_SIDE
from fenlei.datasets.checking.check import Found, Mending, Need, Remedy
from fenlei.datasets.checking.survey import Survey
from fenlei.store.findings import Flagged


class TooSmall:
    """Below the contract's least side, counted on the upright picture."""

    name = "too-small"
    needs: frozenset[Need] = frozenset()
    advice = (
        "The fix removes them: pictures as small as that cannot be predicted, so nothing is gained by learning them."
    )

    def find(self, survey: Survey) -> Iterable[Found]:
        """Says the size, and the least side that is allowed."""
        for picture in survey.pictures:
            if min(picture.width, picture.height) < MIN_SIDE:
                size = {"width": picture.width, "height": picture.height}
                yield Found(picture.id, detail={**size, "least": MIN_SIDE})

    def mend(self, flagged: Sequence[Flagged], now: Callable[[], Survey]) -> Mending:
        """Remove them."""
        return Mending(Remedy.REMOVE, [each.id for each in flagged])
