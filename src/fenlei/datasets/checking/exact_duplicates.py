"""The same picture several times: the same file, or the same pixels saved in two files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fenlei.datasets.checking.check import Found, Mending, Need
from fenlei.datasets.checking.clusters import as_findings, grouped, keep_one
from fenlei.datasets.checking.survey import Survey
from fenlei.store.findings import Flagged


class ExactDuplicates:
    """Equal to the last pixel, upright and in RGB."""

    name = "exact-duplicates"
    needs = frozenset({Need.LOOKS})
    advice = (
        "The fix keeps one of each: one with a class rather than one without, then the oldest. Copies under two "
        "classes it leaves alone; fix those under two-labels first."
    )

    def find(self, survey: Survey) -> Iterable[Found]:
        """Says how many copies there are, and under which classes."""
        return as_findings(survey, grouped((survey.copy_of(each), each) for each in survey.pictures))

    def mend(self, flagged: Sequence[Flagged], now: Callable[[], Survey]) -> Mending:
        """Keep one of each."""
        return keep_one(flagged)
