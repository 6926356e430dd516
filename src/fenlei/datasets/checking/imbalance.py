"""Classes with far fewer pictures than others, or with too few to learn at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from fenlei.datasets.checking.check import Found, Mending, Need, Remedy
from fenlei.datasets.checking.survey import Survey
from fenlei.store.findings import Flagged

MOST_TIMES = 10
"""So many times the pictures of a class the largest class may have."""

LEAST = 2
"""Pictures without which a class cannot be learned."""


class Imbalance:
    """About the data set, not about pictures: one finding for each class that is short."""

    name = "imbalance"
    needs: frozenset[Need] = frozenset()
    advice = (
        "Only more pictures help: add some to the small classes, or merge classes that are hard to tell apart. "
        "Removing pictures of the large ones loses what they teach."
    )
    fixable = False

    def find(self, survey: Survey) -> Iterable[Found]:
        """Says which class is short, by how much, and whether it can be learned at all."""
        counts = Counter(each.label_id for each in survey.pictures if each.label_id is not None)
        largest = max(counts.values(), default=0)
        for label_id, name in survey.labels.items():
            count = counts[label_id]
            if count < LEAST or count * MOST_TIMES < largest:
                detail = {"label_id": label_id, "label": name, "pictures": count, "largest": largest}
                yield Found(None, detail={**detail, "learnable": count >= LEAST})

    def mend(self, flagged: Sequence[Flagged]) -> Mending:
        """There is nothing that a program should do."""
        return Mending(Remedy.REMOVE, [])
