"""Pictures that belong together, as findings; and which of them stays when only one may."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from fenlei.datasets.checking.check import Found, Mending, Remedy
from fenlei.datasets.checking.survey import Survey
from fenlei.store.browse import Glance
from fenlei.store.findings import Flagged


def grouped(pictures: Iterable[tuple[Hashable, Glance]]) -> list[list[Glance]]:
    """Pictures of one key together, by first appearance; keys that only one picture has are left out."""
    found: dict[Hashable, list[Glance]] = {}
    for key, picture in pictures:
        found.setdefault(key, []).append(picture)
    return [each for each in found.values() if len(each) > 1]


def as_findings(survey: Survey, clusters: Iterable[Sequence[Glance]]) -> list[Found]:
    """A finding for each picture: how many belong together, and under which classes they are."""
    found = []
    for number, pictures in enumerate(clusters, start=1):
        has = {picture.label_id for picture in pictures}
        names = [name for label_id, name in survey.labels.items() if label_id in has]
        detail = {"pictures": len(pictures), "labels": names}
        found += [Found(picture.id, number, detail) for picture in pictures]
    return found


def by_cluster(flagged: Iterable[Flagged]) -> dict[int, list[Flagged]]:
    """The pictures of each cluster, by number."""
    found: dict[int, list[Flagged]] = {}
    for each in flagged:
        if each.cluster is not None:
            found.setdefault(each.cluster, []).append(each)
    return found


def keep_one(flagged: Sequence[Flagged]) -> Mending:
    """Remove all pictures of a cluster but one: one with a class stays rather than one without, a larger one rather
    than a smaller one, an older one rather than a newer one.

    Pictures of two classes are left alone: which of the two is right cannot be known here, and removing one of them
    would decide it silently.
    """
    going: list[int] = []
    left = set()
    for number, pictures in by_cluster(flagged).items():
        if len({each.label_id for each in pictures} - {None}) > 1:
            left.add(number)
            continue
        pictures.sort(key=lambda each: (each.label_id is None, -each.width * each.height, each.id))
        going += [each.id for each in pictures[1:]]
    return Mending(Remedy.REMOVE, sorted(going), frozenset(left))
