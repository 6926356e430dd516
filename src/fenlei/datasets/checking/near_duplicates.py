"""Pictures made of one another: saved again, resized, cropped, mirrored, turned or relit; see `duplicates.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fenlei.datasets.checking.check import Found, Mending, Need
from fenlei.datasets.checking.clusters import as_findings, grouped, keep_one
from fenlei.datasets.checking.survey import Survey
from fenlei.store.findings import Flagged


class NearDuplicates:
    """Nearly the same; sets that are the same to the last pixel are what exact duplicates are about."""

    name = "near-duplicates"
    needs = frozenset({Need.LOOKS, Need.FEATURES})
    advice = (
        "The fix keeps one of each: one with a class rather than one without, then the largest. Those under two "
        "classes it leaves alone. Kept together in a split they do little harm; look at them before you fix."
    )

    def find(self, survey: Survey) -> Iterable[Found]:
        """Says how many belong together, and under which classes."""
        compared = ((survey.near[each.sha256], each) for each in survey.pictures if each.sha256 in survey.near)
        clusters = grouped(compared)
        return as_findings(survey, [each for each in clusters if len({survey.copy_of(one) for one in each}) > 1])

    def mend(self, flagged: Sequence[Flagged], now: Callable[[], Survey]) -> Mending:
        """Keep one of each."""
        return keep_one(flagged)
