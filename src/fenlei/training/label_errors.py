"""Label errors by confident learning: pictures whose scores, by heads that had not seen them, speak for another class.

Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels": a class is likely where
its score is at least what pictures labelled so get on average, so that a class of which the model is never sure is not
suspected as a whole. A picture whose likely class is not its label is off the diagonal of the confident joint. They are
ranked by the normalised margin.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class LabelErrors(NamedTuple):
    """What the scores say of each label.

    Attributes:
        suspect: (n,) whether the scores speak for another class.
        likelier: (n,) that class; the best of the others where they do not.
        suspicion: (n,) 0 to 1: half of one plus the margin by which the other class leads; 0 without scores.
    """

    suspect: NDArray[np.bool_]
    likelier: NDArray[np.int64]
    suspicion: NDArray[np.float64]


def label_errors(scores: NDArray[np.float64], known: NDArray[np.bool_], truth: NDArray[np.int64]) -> LabelErrors:
    """Compare labels with scores.

    Args:
        scores: (n, c), c at least 2, by heads that had not seen the picture.
        known: (n,) whether there are such scores.
        truth: (n,) class numbers as they were given.
    """
    rows = np.arange(len(truth))
    own = scores[rows, truth]
    others = scores.copy()
    others[rows, truth] = -1.0
    runner_up = others.argmax(axis=1)
    confident = np.where(scores >= _usual(scores, known, truth), scores, -1.0)
    likely = confident.argmax(axis=1)
    # A class that leads nowhere but above its own usual score is no reason to doubt a label that scores higher.
    suspect = known & (confident.max(axis=1) >= 0) & (likely != truth) & (scores[rows, likely] > own)
    likelier = np.where(suspect, likely, runner_up)
    suspicion = np.where(known, (1 + scores[rows, likelier] - own) / 2, 0.0)
    return LabelErrors(suspect, np.asarray(likelier, np.int64), suspicion)


def _usual(scores: NDArray[np.float64], known: NDArray[np.bool_], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """(c,) the mean score of each class over pictures labelled so; out of reach for a class without any."""
    classes = scores.shape[1]
    counts = np.bincount(truth[known], minlength=classes)
    sums = np.bincount(truth[known], weights=scores[known, truth[known]], minlength=classes)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
