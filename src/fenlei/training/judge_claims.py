"""Judge thresholds and the rule for the unknown on labelled pictures, with nothing that only training needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Decision
from fenlei.training.auroc import auroc
from fenlei.training.honesty_figures import ClassThreshold, DecisionFigures, StrangerFigures


def stranger_figures(known: NDArray[np.float64], strange: NDArray[np.float64]) -> StrangerFigures:
    """Judge a rule by how strange it finds pictures of classes that are known, (n,), and that are not, (m,)."""
    return StrangerFigures(
        known=len(known),
        rejected=int(np.sum(known > 1)),
        strange=len(strange),
        found=int(np.sum(strange > 1)),
        auroc=auroc(known, strange) if len(known) and len(strange) else None,
    )


def decision_figures(
    decision: Decision,
    scores: NDArray[np.float64],
    truth: NDArray[np.int64],
    labels: Sequence[str],
    *,
    kept: Sequence[bool] | None = None,
    asked: str = "",
) -> DecisionFigures:
    """Judge thresholds by scores (n, c) and truth (n,).

    Args:
        decision: the thresholds.
        scores: calibrated.
        truth: class numbers.
        labels: class names.
        kept: for which classes the demand could be kept when they were chosen; None: not told.
        asked: the demand, in words.
    """
    given = [decision.choose(row) for row in scores.tolist()]
    answers = np.array([-1 if each is None else each for each in given], np.int64)
    classes = [
        ClassThreshold(
            label=label,
            threshold=decision.thresholds[number],
            kept=True if kept is None else kept[number],
            answered=int(np.sum(answers == number)),
            right=int(np.sum((answers == number) & (truth == number))),
            pictures=int(np.sum(truth == number)),
        )
        for number, label in enumerate(labels)
    ]
    return DecisionFigures(
        method=decision.method,
        asked=asked,
        classes=classes,
        pictures=len(truth),
        answered=int(np.sum(answers >= 0)),
        right=int(np.sum(answers == truth)),
    )
