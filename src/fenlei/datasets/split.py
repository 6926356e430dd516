"""Parts of a data set in which every class has its share and duplicates stay together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KEPT = -1
"""The fold of pictures that no fold holds out: their class would have nothing left to learn from."""


def stratified_split(labels: Sequence[int], groups: Sequence[int], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Choose the pictures to hold out.

    Each class gives `fraction` of its pictures, rounded, at least one and never all; groups go as a whole. A class
    whose pictures are all one group stays out of it: nothing could be learned from the rest. The same arguments give
    the same answer.

    Args:
        labels: (n,) class numbers.
        groups: (n,) group numbers; pictures of one group are duplicates of each other and may differ in class.
        fraction: share to hold out, inside (0, 1).
        seed: another seed, another choice.

    Returns:
        (n,) True where the picture is held out.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"the fraction to hold out is {fraction}; it must lie between 0 and 1")
    table = _GroupTable(labels, groups)
    rng = np.random.default_rng(seed)
    held = np.zeros(table.groups, bool)
    kept_counts = table.counts.sum(axis=0)
    held_counts = np.zeros(table.classes, int)
    for label in table.rarest_first():
        goal = max(1, round(fraction * int(table.counts[:, label].sum())))
        members = np.flatnonzero((table.counts[:, label] > 0) & ~held)
        shuffled = rng.permutation(members)
        for group in _by_fit(shuffled, table.counts[shuffled, label], goal):
            row = table.counts[group]
            if held_counts[label] >= goal:
                break
            over = held_counts[label] + row[label] - goal
            if held_counts[label] and over > 0:
                continue
            if np.any((row > 0) & (kept_counts - row <= 0)):
                continue  # some class would have nothing left to learn from
            held[group] = True
            held_counts += row
            kept_counts -= row
    return held[table.group_of]


def stratified_folds(labels: Sequence[int], groups: Sequence[int], folds: int, seed: int) -> NDArray[np.int64]:
    """Number the pictures by the fold that holds them out, classes spread evenly, groups as a whole.

    Pictures of a class that has one group only get `KEPT`: every fold learns from them, none holds them out.

    Returns:
        (n,) fold numbers 0 to `folds` - 1, or `KEPT`.
    """
    table = _GroupTable(labels, groups)
    rng = np.random.default_rng(seed)
    fold_of = np.full(table.groups, KEPT, np.int64)
    tally = np.zeros((folds, table.classes), int)
    lonely = (table.counts > 0).sum(axis=0) <= 1
    for label in table.rarest_first():
        members = rng.permutation(np.flatnonzero((table.counts[:, label] > 0) & (fold_of == KEPT)))
        # Large groups first: the small ones even out what they leave.
        for group in members[np.argsort(-table.counts[members, label], kind="stable")]:
            row = table.counts[group]
            if np.any(lonely & (row > 0)):
                continue
            fold = int(np.lexsort((tally.sum(axis=1), tally[:, label]))[0])
            fold_of[group] = fold
            tally[fold] += row
    return fold_of[table.group_of]


class _GroupTable:
    """How many pictures of each class each group has."""

    def __init__(self, labels: Sequence[int], groups: Sequence[int]) -> None:
        label_of = np.asarray(labels, np.int64)
        _, self.group_of = np.unique(np.asarray(groups, np.int64), return_inverse=True)
        self.groups = int(self.group_of.max()) + 1
        self.classes = int(label_of.max()) + 1
        flat = np.bincount(self.group_of * self.classes + label_of, minlength=self.groups * self.classes)
        self.counts: NDArray[np.int64] = flat.reshape(self.groups, self.classes)

    def rarest_first(self) -> list[int]:
        """Classes by number of groups: the ones with the least choice choose first."""
        per_class = (self.counts > 0).sum(axis=0)
        return [int(label) for label in np.argsort(per_class, kind="stable") if per_class[label] > 0]


def _by_fit(groups: NDArray[np.int64], sizes: NDArray[np.int64], goal: int) -> NDArray[np.int64]:
    """Groups that fit into the goal in their shuffled order, then the larger ones, smallest first."""
    fitting, larger = groups[sizes <= goal], groups[sizes > goal]
    return np.concatenate([fitting, larger[np.argsort(sizes[sizes > goal], kind="stable")]])
