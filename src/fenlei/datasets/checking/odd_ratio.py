"""Pictures that are longer and thinner than a prediction request may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fenlei.contract.limits import MAX_RATIO
from fenlei.datasets.checking.check import Found, Mending, Need, Remedy
from fenlei.datasets.checking.survey import Survey
from fenlei.store.findings import Flagged


class OddRatio:
    """Beyond the contract's ratio of the longer side to the shorter."""

    name = "odd-ratio"
    needs: frozenset[Need] = frozenset()
    advice = (
        "The fix removes them: pictures as long as that cannot be predicted. Cut them and import the pieces instead."
    )

    def find(self, survey: Survey) -> Iterable[Found]:
        """Says the size, the ratio, and the largest that is allowed."""
        for picture in survey.pictures:
            longer, shorter = max(picture.width, picture.height), min(picture.width, picture.height)
            if longer > MAX_RATIO * shorter:
                size = {"width": picture.width, "height": picture.height}
                yield Found(picture.id, detail={**size, "ratio": round(longer / max(shorter, 1), 2), "most": MAX_RATIO})

    def mend(self, flagged: Sequence[Flagged], now: Callable[[], Survey]) -> Mending:
        """Remove them."""
        return Mending(Remedy.REMOVE, [each.id for each in flagged])
