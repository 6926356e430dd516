"""Classes that have far fewer pictures than others."""

from __future__ import annotations

from collections import Counter

from fenlei.datasets.checking.subject import Found, Subject

MOST_TIMES = 10
"""How many times the pictures of the smallest class the largest may have."""

FEW = 10
"""Pictures of a class below which its figures mean little, however balanced the classes are."""


class Imbalance:
    """Training weighs classes, which helps; more pictures of the small ones help more."""

    name = "imbalance"
    decodes = False
    compares = False

    def __call__(self, subject: Subject) -> list[Found]:
        """One finding about the data set, or none."""
        counts = Counter(each.label_id for each in subject.pictures if each.label_id is not None)
        sizes = {label.name: counts.get(label.id, 0) for label in subject.labels}
        if len(sizes) < 2:
            return []
        largest = max(sizes.values())
        small = {name: size for name, size in sizes.items() if size < FEW or size * MOST_TIMES < largest}
        if not small:
            return []
        return [Found(None, {"small": small, "largest": largest, "few": FEW, "most_times": MOST_TIMES})]
