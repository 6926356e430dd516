"""What can go wrong between the name of a backbone and its network."""

from __future__ import annotations

from fenlei.contract.errors import FenleiError


class BackboneError(FenleiError):
    """The backbone cannot be had. The sentence says what was asked for, what is wrong, and what to do."""
