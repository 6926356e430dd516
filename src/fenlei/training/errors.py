"""What can keep a model from being learned.

TrainingError          the pictures, the backbone or the wishes do not allow it; the sentence says what is needed
(progress.Cancelled)   someone asked to stop
"""

from __future__ import annotations

from fenlei.contract.errors import FenleiError


class TrainingError(FenleiError):
    """No model can be learned from this."""
