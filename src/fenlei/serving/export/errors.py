"""What can keep a model from being exported."""

from __future__ import annotations

from fenlei.contract.errors import FenleiError


class ExportError(FenleiError):
    """A model cannot be exported, or its export does not score as the model does."""
