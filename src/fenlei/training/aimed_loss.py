"""The loss by which candidates are compared: each picture counts as much as what is aimed at says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import softmax
from fenlei.training.evaluation import log_loss
from fenlei.training.head import Judged


def aimed_loss(judged: Judged, truth: NDArray[np.int64], weights: NDArray[np.float64] | None) -> float:
    """Log loss on what was held out, in nats; infinite where nothing was.

    Args:
        judged: a candidate.
        truth: (n,) class numbers.
        weights: (n,) how much a picture counts, see `Task.weights`; None: all alike.
    """
    if judged.loss is None:
        return float("inf")
    if weights is None:
        return judged.loss
    held_out = judged.held_out
    right, counted = np.broadcast_to(truth, held_out.shape), np.broadcast_to(weights, held_out.shape)
    scores = softmax(judged.logits[held_out] / judged.temperature)
    return log_loss(scores, right[held_out], counted[held_out])
