"""Files that cannot be decoded to their last pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fenlei.datasets.checking.check import Found, Mending, Need, Remedy
from fenlei.datasets.checking.survey import Survey
from fenlei.store.findings import Flagged


class Unreadable:
    """Imports leave such files out as far as a quick look tells; this is the thorough look."""

    name = "unreadable"
    needs = frozenset({Need.LOOKS})
    advice = "The fix removes them. Training leaves them aside in any case; send them again if there are better ones."

    def find(self, survey: Survey) -> Iterable[Found]:
        """The sentence of the decoder is in `problem`."""
        for picture in survey.pictures:
            seen = survey.looks.get(picture.sha256)
            if seen is not None and seen.problem is not None:
                yield Found(picture.id, detail={"problem": seen.problem})

    def mend(self, flagged: Sequence[Flagged], now: Callable[[], Survey]) -> Mending:
        """Remove them."""
        return Mending(Remedy.REMOVE, [each.id for each in flagged])
