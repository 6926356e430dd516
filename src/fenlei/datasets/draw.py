"""Draw the parts of a data set: every class has its share of each, and what belongs together stays together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.found import Part
from fenlei.datasets.split import stratified_split

PARTS = (Part.TRAIN, Part.VALIDATION, Part.TEST)

_NOWHERE = -1


def draw(
    labels: Sequence[int], groups: NDArray[np.int64], fractions: Mapping[Part, float], seed: int
) -> NDArray[np.int64]:
    """Draw anew. A class of which all pictures belong together goes to the training part.

    Args:
        labels: (n,) class numbers.
        groups: (n,) group numbers; a group goes as a whole.
        fractions: share of each part; together 1.
        seed: another seed, another draw.

    Returns:
        (n,) numbers of `PARTS`.
    """
    label_of = np.asarray(labels, np.int64)
    parts = np.zeros(len(label_of), np.int64)
    rest = np.arange(len(label_of))
    left = 1.0
    for part in (Part.TEST, Part.VALIDATION):
        share = fractions[part] / left
        if share > 0 and len(rest):
            held = stratified_split(label_of[rest].tolist(), groups[rest].tolist(), share, seed)
            parts[rest[held]] = PARTS.index(part)
            rest = rest[~held]
        left -= fractions[part]
    return parts


def draw_more(
    labels: Sequence[int],
    groups: NDArray[np.int64],
    present: NDArray[np.int64],
    fractions: Mapping[Part, float],
    seed: int,
) -> NDArray[np.int64]:
    """Give a part to the pictures that have none, and leave the others where they are.

    A picture follows those it belongs together with. The others go where their class lacks most, so that the shares
    come out right for old and new pictures together.

    Args:
        labels: (n,) class numbers.
        groups: (n,) group numbers.
        present: (n,) numbers of `PARTS`, or -1.
        fractions: share of each part; together 1.
        seed: another seed, another draw.

    Returns:
        (n,) numbers of `PARTS`.
    """
    label_of, parts = np.asarray(labels, np.int64), present.copy()
    classes = int(label_of.max(initial=-1)) + 1
    members = _members(groups)
    for pictures in members:
        known = parts[pictures][parts[pictures] != _NOWHERE]
        if len(known):
            # Of two parts with equally many the earlier one: what is learned from may be near, what judges may not.
            most = int(np.argmax(np.bincount(known, minlength=len(PARTS))))
            parts[pictures[parts[pictures] == _NOWHERE]] = most
    have = np.zeros((len(PARTS), classes))
    placed = parts != _NOWHERE
    np.add.at(have, (parts[placed], label_of[placed]), 1)
    shares = np.array([fractions[part] for part in PARTS])
    goal = shares[:, None] * np.bincount(label_of, minlength=classes)
    waiting = [pictures for pictures in members if parts[pictures[0]] == _NOWHERE]
    order = np.random.default_rng(seed).permutation(len(waiting))
    # Large groups first: the small ones even out what they leave.
    for number in sorted(order.tolist(), key=lambda each: -len(waiting[each])):
        pictures = waiting[number]
        row = np.bincount(label_of[pictures], minlength=classes)
        lack = ((goal - have) * row).sum(axis=1)
        part = int(np.argmax(np.where(shares > 0, lack, -np.inf)))
        parts[pictures] = part
        have[part] += row
    return parts


def _members(groups: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1) if len(order) else []
