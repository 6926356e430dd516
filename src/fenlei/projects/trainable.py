"""Whether a data set can be trained on, said before anything is queued."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from fenlei.datasets.found import Part
from fenlei.datasets.version_content import VersionContent
from fenlei.store import Conflict, Work
from fenlei.training.look import LEAST_PER_CLASS

MOST_NAMED = 8

Cell = tuple[str | None, str | None, int]
"""How many pictures have this label and are in this part of the split."""


class NotTrainable(Conflict):
    """There is too little in a data set to learn from."""


def cells_of(content: VersionContent) -> list[Cell]:
    """The cells of a version."""
    counted = Counter((content.label_of(entry), entry.split) for entry in content.entries)
    return [(label, split, count) for (label, split), count in counted.items()]


def cells_now(work: Work, dataset_id: str) -> tuple[list[str], list[Cell]]:
    """The labels of a data set as it is now, in declared order, and its cells."""
    labels = work.labels.of(dataset_id)
    names = {label.id: label.name for label in labels}
    counted = work.browse.counts(dataset_id)
    return [label.name for label in labels], [(names.get(label or ""), split, count) for label, split, count in counted]


def check_trainable(name: str, labels: Sequence[str], cells: Iterable[Cell]) -> None:
    """Refuse what training would refuse, as far as that can be seen without opening a picture.

    Args:
        name: of the data set.
        labels: the classes, in declared order.
        cells: its pictures, counted.

    Raises:
        NotTrainable: there is no labelled picture, fewer than two classes, or a class with fewer than two pictures
            outside the part that judges.
    """
    cells = list(cells)
    labelled = [(label, split, count) for label, split, count in cells if label is not None and count]
    if not labelled:
        why = "none of its pictures has a label" if any(count for *_, count in cells) else "it holds no pictures"
        raise NotTrainable(
            f"The data set {name!r} cannot be trained on: {why}. At least two classes with {LEAST_PER_CLASS} pictures "
            "each are needed."
        )
    if len(labels) < 2:
        raise NotTrainable(
            f"The data set {name!r} cannot be trained on: it has one class ({labels[0]}); at least two are needed to "
            "tell one from the other."
        )
    parts = {split for _, split, _ in labelled}
    judging = next((part.value for part in (Part.TEST, Part.VALIDATION) if part.value in parts), None)
    counts: Counter[str] = Counter()
    for label, split, count in labelled:
        counts[label] += 0 if judging is not None and split == judging else count
    poor = [f"{label} has {counts[label]}" for label in labels if counts[label] < LEAST_PER_CLASS]
    if poor:
        where = f" outside the {judging} part" if judging is not None else ""
        more = f" and {len(poor) - MOST_NAMED} more classes" if len(poor) > MOST_NAMED else ""
        raise NotTrainable(
            f"The data set {name!r} cannot be trained on: every class needs at least {LEAST_PER_CLASS} pictures"
            f"{where}; {', '.join(poor[:MOST_NAMED])}{more}. Add pictures, or delete the class."
        )
