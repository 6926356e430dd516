"""What can come of fine-tuning besides a network.

Worthless      this network, tuned on these pictures, will not do; trying again would end the same way
  NoGain       no epoch was better than what it began with
  NotAccepted  exported, it scores otherwise than in torch
"""

from __future__ import annotations

from fenlei.training.errors import TrainingError


class Worthless(TrainingError):
    """Trying again would end the same way."""


class NoGain(Worthless):
    """Fine-tuning brought nothing: after no epoch were the pictures that watch better off than before the first."""

    def __init__(self) -> None:
        super().__init__((NoGain.__doc__ or "").strip())


class NotAccepted(Worthless):
    """The exported network scores otherwise than torch."""
