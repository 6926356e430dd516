"""Classes with far fewer pictures than others, or with too few to learn at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from fenlei.datasets.checking.check import Found, Mending, Need, Remedy
from fenlei.datasets.checking.survey import Survey
from fenlei.store.browse import Glance
from fenlei.store.findings import Flagged

MOST_TIMES = 10
"""So many times the pictures of a class the largest class may have."""

LEAST = 2
"""Pictures without which a class cannot be learned."""


class Imbalance:
    """About the data set, not about pictures: one finding for each class that is short; its cluster is the place of the
    class in their order, from 1."""

    name = "imbalance"
    needs: frozenset[Need] = frozenset()
    advice = (
        "More pictures of the small classes help most. The fix removes pictures of the large ones, copies first, until "
        f"none has more than {MOST_TIMES} times as many as the smallest; what they teach goes with them. Classes with "
        f"fewer than {LEAST} pictures it leaves alone: add pictures, or merge or delete such a class."
    )

    def find(self, survey: Survey) -> Iterable[Found]:
        """Says which class is short, by how much, and whether it can be learned at all."""
        counts = _counts(survey)
        largest = max(counts.values(), default=0)
        for place, (label_id, name) in enumerate(survey.labels.items(), start=1):
            count = counts[label_id]
            if count < LEAST or count * MOST_TIMES < largest:
                detail = {"label_id": label_id, "label": name, "pictures": count, "largest": largest}
                yield Found(None, place, {**detail, "learnable": count >= LEAST})

    def mend(self, flagged: Sequence[Flagged], now: Callable[[], Survey]) -> Mending:
        """Remove what the large classes have too many of. Classes that cannot be learned are a person's business."""
        survey = now()
        counts = _counts(survey)
        most = MOST_TIMES * min((count for count in counts.values() if count >= LEAST), default=0)
        going: list[int] = []
        for label_id in counts:
            if most and counts[label_id] > most:
                going += [each.id for each in _most_telling_first(survey.pictures, label_id)[most:]]
        left = (place for place, label_id in enumerate(survey.labels, start=1) if counts[label_id] < LEAST)
        return Mending(Remedy.REMOVE, sorted(going), frozenset(left))


def _counts(survey: Survey) -> Counter[str]:
    return Counter(each.label_id for each in survey.pictures if each.label_id is not None)


def _most_telling_first(pictures: Iterable[Glance], label_id: str) -> list[Glance]:
    """The pictures of a class, those that show something else before further copies and further members of a group;
    otherwise by digest, which is as good as drawn and the same every time."""
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, str, int, Glance]] = []
    for each in sorted(pictures, key=lambda picture: (picture.sha256, picture.id)):
        if each.label_id == label_id:
            marks = [each.sha256] if each.group is None else [each.sha256, f"group {each.group}"]
            ranked.append((max(seen[mark] for mark in marks), each.sha256, each.id, each))
            seen.update(marks)
    ranked.sort(key=lambda row: row[:3])
    return [row[3] for row in ranked]
