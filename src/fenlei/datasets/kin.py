"""Which pictures of a data set must not be parted: those of one group, copies, and what the checks found near."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.disjoint_sets import DisjointSets
from fenlei.store import Work
from fenlei.store.browse import Glance

CLUSTERS = ("exact-duplicates", "near-duplicates")
"""The checks whose clusters stay together."""


def kin(work: Work, dataset_id: str, pictures: Sequence[Glance]) -> NDArray[np.int64]:
    """Number the pictures by who belongs together, directly or through others.

    Copies of one file are known without a check; pictures that look the same are known as far as the checks for
    duplicates were asked.

    Returns:
        (n,) numbers by first appearance.
    """
    sets = DisjointSets(len(pictures))
    _join(sets, ((number, each.sha256) for number, each in enumerate(pictures)))
    _join(sets, ((number, each.group) for number, each in enumerate(pictures) if each.group is not None))
    place = {each.id: number for number, each in enumerate(pictures)}
    clusters = work.findings.clusters(dataset_id, CLUSTERS)
    _join(sets, ((place[each], (check, cluster)) for check, cluster, each in clusters if each in place))
    return sets.numbers()


def _join(sets: DisjointSets, marks: Iterable[tuple[int, Hashable]]) -> None:
    first: dict[Hashable, int] = {}
    for number, mark in marks:
        sets.join(first.setdefault(mark, number), number)
