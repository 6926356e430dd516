"""Which epoch is kept, and when a training ends, by the pictures that watch.

Their loss jumps about while rates are high. Taking the lowest for the best kept epochs that were lucky, and ended
trainings long before the rates had come down, which is when most is won. So the latest epoch is kept, unless it is
worse than the best one beyond doubt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fenlei.training.better import chance_of_gain
from fenlei.training.finetune.settings import TuneSettings

SURE = 0.9
"""Chance of being worse, from which on an epoch is."""


class Watching:
    """Follows one training.

    Attributes:
        kept: the epoch that is kept, counted from 1; 0 before the first.
        lowest: (w,) loss of each picture that watches, in nats, after the epoch in which their mean was lowest; none
            before the first, for whether tuning is worth it at all is not theirs to say.
    """

    def __init__(self, counted: NDArray[np.float64] | None) -> None:
        """Begin; `counted` (w,) says how much each picture counts, None: all alike."""
        self._counted = counted
        self.kept = 0
        self.lowest = np.zeros(0)

    def mean(self, losses: NDArray[np.float64]) -> float:
        """Of these losses (w,)."""
        return float(np.average(losses, weights=self._counted)) if len(losses) else 0.0

    def keeps(self, epoch: int, losses: NDArray[np.float64]) -> bool:
        """Whether this epoch, after which the pictures had these losses (w,), is kept from now on."""
        first = not len(self.lowest)
        if first or not self._is_worse(losses):
            self.kept = epoch
        if first or self.mean(losses) < self.mean(self.lowest):
            self.lowest = losses
        return self.kept == epoch

    def _is_worse(self, losses: NDArray[np.float64]) -> bool:
        return chance_of_gain(losses - self.lowest, np.arange(len(losses)), self._counted) >= SURE


def ends_after(kept: int, settings: TuneSettings) -> int:
    """After how many epochs a training ends of which this one is kept, and which others watch."""
    return min(settings.epochs, max(-(-settings.epochs // 2), kept + settings.patience))
