"""What a head makes of features that it was not learned on, where nobody has held pictures out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fenlei.training.basis import find_basis
from fenlei.training.folds import draw_folds
from fenlei.training.head import DEFAULT_STRENGTH, judge
from fenlei.training.heads import KINDS, LOGISTIC
from fenlei.training.one_thread import one_thread

NOT_ASKED = -1


def called_by_folds(
    learned: NDArray[np.float32],
    asked: Sequence[NDArray[np.float32]],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    classes: int,
    seed: int = 0,
) -> list[NDArray[np.int64]]:
    """Learn a linear head on some pictures by one network's features, and ask it about the others by those of several.

    Args:
        learned: (n, d) features that heads are learned on.
        asked: each (n, d): features of the same pictures by which heads are asked.
        truth: (n,) class numbers.
        groups: (n,) duplicate groups; they stay together.
        classes: how many classes there are.
        seed: of the folds.

    Returns:
        For each of `asked` (n,) what pictures were called, each by a head that had not seen it; `NOT_ASKED` where none
        could be.
    """
    called = [np.full(len(truth), NOT_ASKED, np.int64) for _ in asked]
    if not len(truth):
        return called
    with one_thread():
        for repeat, inside, outside in draw_folds(truth, groups, seed).parts():
            if repeat or len(np.unique(truth[inside])) < 2:
                continue
            basis = find_basis(learned[inside])
            fitted = KINDS[LOGISTIC].fit(
                basis.project(learned[inside]),
                truth[inside],
                classes,
                None,
                {"strength": DEFAULT_STRENGTH},
                seed=seed,
            )
            for row, features in zip(called, asked, strict=True):
                row[outside] = judge(fitted.layers, basis.project(features[outside])).argmax(axis=1)
    return called
