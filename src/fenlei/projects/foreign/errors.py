"""Why a foreign network is not accepted."""

from __future__ import annotations

from fenlei.contract.errors import FenleiError


class ForeignRefused(FenleiError):
    """A foreign network cannot be used as it is; the sentence says why and what is allowed."""
