"""What can come of fine-tuning besides a network.

Worthless      this network, tuned on these pictures, will not do; trying again would end the same way
  NotAccepted  exported, it scores otherwise than in torch
  Unsound      learned anew, it knows less than what was judged
"""

from __future__ import annotations

from fenlei.training.errors import TrainingError


class Worthless(TrainingError):
    """Trying again would end the same way."""


class NotAccepted(Worthless):
    """The exported network scores otherwise than torch."""


class Unsound(Worthless):
    """What was learned anew knows less of pictures that it has learned from than what was judged knew of them."""
