"""A head from features in one step, as a search makes it in several."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Head
from fenlei.training.folds import draw_folds
from fenlei.training.head import Copies, Judged, fit_head, judge_head, prepare_lesson
from fenlei.training.heads import LOGISTIC


@dataclass(frozen=True, kw_only=True)
class Learned(Judged):
    """What was chosen, and the head that came of it."""

    head: Head


def learn_head(
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    classes: int,
    *,
    seed: int,
    kind: str = LOGISTIC,
    copies: Copies | None = None,
) -> Learned:
    """Find the space, choose the setting by cross-validation, fit, calibrate: features (n, d), the rest (n,)."""
    lesson = prepare_lesson(features, truth, classes, copies)
    judged = judge_head(lesson, draw_folds(truth, groups, seed), kind, seed=seed)
    parts = {each.name: getattr(judged, each.name) for each in fields(judged)}
    return Learned(**parts, head=fit_head(judged, lesson))
