"""What can go wrong around a prediction, apart from the picture itself.

ModelNotServable       a model file cannot be served here; the sentence says what to do
├── BackboneMissing    the model refers to a backbone by digest, and nobody has it
└── ScoresMoved        the parity pictures no longer get the scores they had when the model was made
Overloaded             there is no room in the queue, or none in time
CallerGone             the caller hung up; nobody is left to answer
"""

from __future__ import annotations

from fenlei.contract.errors import FenleiError


class ModelNotServable(FenleiError):
    """A model file cannot be served on this machine."""


class BackboneMissing(ModelNotServable):
    """The model refers to a backbone by its digest, and neither the file nor the cache holds it."""


class ScoresMoved(ModelNotServable):
    """The parity pictures do not get the scores they had when the model was made."""


class Overloaded(FenleiError):
    """The server has no room for this request now.

    Attributes:
        reason: for metrics: `queue`, `deadline`, `memory`, `draining`.
        retry_after: whole seconds after which there should be room again, at least 1.
    """

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(f"The server is busy ({reason}); try again in {retry_after} s.")
        self.reason = reason
        self.retry_after = retry_after


class CallerGone(FenleiError):
    """The caller hung up; there is nobody left to answer."""

    def __init__(self) -> None:
        super().__init__("The caller hung up before the answer was ready.")
