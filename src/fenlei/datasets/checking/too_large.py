"""Pictures with a side longer than a prediction request may have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fenlei.contract.limits import MAX_SIDE
from fenlei.datasets.checking.check import Found, Mending, Need, Remedy
from fenlei.datasets.checking.survey import Survey
from fenlei.store.findings import Flagged


class TooLarge:
    """Beyond the contract's longest side. They are learned from like others, so this is no fault of theirs."""

    name = "too-large"
    needs: frozenset[Need] = frozenset()
    advice = (
        "They can be learned from, but not predicted as they are: whoever calls the model makes them smaller first. "
        "The fix removes them; there is seldom a reason to."
    )

    def find(self, survey: Survey) -> Iterable[Found]:
        """Says the size, and the longest side that is allowed."""
        for picture in survey.pictures:
            if max(picture.width, picture.height) > MAX_SIDE:
                size = {"width": picture.width, "height": picture.height}
                yield Found(picture.id, detail={**size, "most": MAX_SIDE})

    def mend(self, flagged: Sequence[Flagged], now: Callable[[], Survey]) -> Mending:
        """Remove them."""
        return Mending(Remedy.REMOVE, [each.id for each in flagged])
