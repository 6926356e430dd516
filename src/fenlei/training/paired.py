"""Two models on the same pictures, picture by picture: which is right more often, and by how much beyond noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fenlei.training.better import chance_of_gain, interval_of_gain
from fenlei.training.evaluation import wilson_interval
from fenlei.training.picture_list import DIGITS
from fenlei.training.versus import ClassVersus, Versus


class Answers(NamedTuple):
    """What one model called pictures of classes that it knows.

    Attributes:
        names: (n) of the pictures; each is there once.
        labels: (n) their classes.
        digests: (n) SHA-256, hex, of their files.
        right: (n,) whether it called each by its class.
        learned_from: the first digits of SHA-256 of what it has learned from, as far as its file tells; see
            `picture_list.learned_digests`.
    """

    names: Sequence[str]
    labels: Sequence[str]
    digests: Sequence[str]
    right: NDArray[np.bool_]
    learned_from: frozenset[str]


class Common(NamedTuple):
    """The pictures that several models are held against each other by.

    Attributes:
        labels: (n,) classes.
        groups: (n,) numbers; copies of one file have the same.
        rights: (m, n) whether each model called each picture right.
        learned: (m, n) whether it has learned from it.
        left_out: how many more all of them were asked about, and one has learned from.
        unknown: how many are of classes that not all of them know.
    """

    labels: NDArray[np.str_]
    groups: NDArray[np.int64]
    rights: NDArray[np.bool_]
    learned: NDArray[np.bool_]
    left_out: int
    unknown: int


def in_common(models: Sequence[Answers]) -> Common | None:
    """The pictures that all were asked about, and of those only the ones that none has learned from: a model knows
    those by heart. Where there are no others, all count, and `Common.learned` says so.

    Returns:
        None where there is no picture that all were asked about.
    """
    rows = [{name: row for row, name in enumerate(each.names)} for each in models]
    names = [name for name in models[0].names if all(name in row for row in rows)]
    if not names:
        return None
    first = [rows[0][name] for name in names]
    digests = [models[0].digests[row] for row in first]
    learned = np.array([[digest[:DIGITS] in each.learned_from for digest in digests] for each in models])
    fresh = ~learned.any(axis=0)
    counted = fresh if fresh.any() else np.ones(len(names), bool)
    rights = [each.right[[row[name] for name in names]] for each, row in zip(models, rows, strict=True)]
    return Common(
        labels=np.array([models[0].labels[row] for row in first])[counted],
        groups=np.unique(np.array(digests)[counted], return_inverse=True)[1],
        rights=np.stack(rights)[:, counted],
        learned=learned[:, counted],
        left_out=int((~counted).sum()),
        unknown=len({name for each in models for name in each.names}) - len(names),
    )


def versus(common: Common, old: int = 0, new: int = 1) -> Versus:
    """Two of the models, by their numbers."""
    before, after = common.rights[old], common.rights[new]
    gains = after.astype(np.float64) - before
    return Versus(
        pictures=len(gains),
        old=float(before.mean()),
        old_interval=wilson_interval(int(before.sum()), len(gains)),
        new=float(after.mean()),
        new_interval=wilson_interval(int(after.sum()), len(gains)),
        difference=float(gains.mean()),
        difference_interval=interval_of_gain(gains, common.groups),
        chance=chance_of_gain(gains, common.groups),
        only_old=int((gains < 0).sum()),
        only_new=int((gains > 0).sum()),
        per_class=_per_class(common.labels, before, after),
        learned_old=int(common.learned[old].sum()),
        learned_new=int(common.learned[new].sum()),
        left_out=common.left_out,
        unknown_to_one=common.unknown,
    )


def _per_class(labels: NDArray[np.str_], old: NDArray[np.bool_], new: NDArray[np.bool_]) -> list[ClassVersus]:
    found = [
        ClassVersus(
            label=str(label),
            pictures=int((labels == label).sum()),
            old=float(old[labels == label].mean()),
            new=float(new[labels == label].mean()),
        )
        for label in np.unique(labels)
    ]
    return sorted(found, key=lambda each: each.new - each.old)
