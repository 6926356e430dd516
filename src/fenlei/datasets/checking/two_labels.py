"""The same picture under two classes: at least one of them is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from fenlei.datasets.checking.check import Found, Mending, Need, Remedy
from fenlei.datasets.checking.clusters import as_findings, by_cluster, grouped
from fenlei.datasets.checking.survey import Survey
from fenlei.store.findings import Flagged


class TwoLabels:
    """Copies to the last pixel that are under different classes."""

    name = "two-labels"
    needs = frozenset({Need.LOOKS})
    advice = (
        "The fix takes the class from the copies that are under another one than most; where no class has more copies "
        "than every other, from all of them. It never gives a class; a person does."
    )

    def find(self, survey: Survey) -> Iterable[Found]:
        """Says how many copies have a class, and which. Copies without one contradict nobody and are not counted."""
        labelled = ((survey.copy_of(each), each) for each in survey.pictures if each.label_id is not None)
        clusters = grouped(labelled)
        return as_findings(survey, [each for each in clusters if len({one.label_id for one in each}) > 1])

    def mend(self, flagged: Sequence[Flagged], now: Callable[[], Survey]) -> Mending:
        """Take the class from the minority, or from all where there is no majority."""
        going: list[int] = []
        for pictures in by_cluster(flagged).values():
            counted = Counter(each.label_id for each in pictures if each.label_id is not None).most_common()
            if len(counted) < 2:
                continue  # somebody has put it right meanwhile
            most = counted[0][0] if counted[0][1] > counted[1][1] else None
            going += [each.id for each in pictures if each.label_id is not None and each.label_id != most]
        return Mending(Remedy.UNLABEL, sorted(going))
