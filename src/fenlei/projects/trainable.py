"""Whether a data set can be trained on, said before anything is queued."""

from __future__ import annotations

from collections import Counter

from fenlei.datasets.found import Part
from fenlei.datasets.version_content import VersionContent
from fenlei.store import Conflict
from fenlei.training.look import LEAST_PER_CLASS

MOST_NAMED = 8


class NotTrainable(Conflict):
    """There is too little in a data set to learn from."""


def check_trainable(name: str, content: VersionContent) -> None:
    """Refuse what training would refuse, as far as that can be seen without opening a picture.

    Args:
        name: of the data set.
        content: what would be learned from.

    Raises:
        NotTrainable: there is no labelled picture, fewer than two classes, or a class with fewer than two pictures
            outside the part that judges.
    """
    entries = [entry for entry in content.entries if entry.label is not None]
    if not entries:
        why = "none of its pictures has a label" if content.entries else "it holds no pictures"
        raise NotTrainable(
            f"The data set {name!r} cannot be trained on: {why}. At least two classes with {LEAST_PER_CLASS} pictures "
            "each are needed."
        )
    if len(content.labels) < 2:
        raise NotTrainable(
            f"The data set {name!r} cannot be trained on: it has one class ({content.labels[0]}); at least two are "
            "needed to tell one from the other."
        )
    parts = {entry.split for entry in entries}
    judging = next((part.value for part in (Part.TEST, Part.VALIDATION) if part.value in parts), None)
    counts = Counter(entry.label for entry in entries if judging is None or entry.split != judging)
    found = [(label, counts[number]) for number, label in enumerate(content.labels)]
    poor = [f"{label} has {count}" for label, count in found if count < LEAST_PER_CLASS]
    if poor:
        where = f" outside the {judging} part" if judging is not None else ""
        more = f" and {len(poor) - MOST_NAMED} more classes" if len(poor) > MOST_NAMED else ""
        raise NotTrainable(
            f"The data set {name!r} cannot be trained on: every class needs at least {LEAST_PER_CLASS} pictures"
            f"{where}; {', '.join(poor[:MOST_NAMED])}{more}. Add pictures, or delete the class."
        )
