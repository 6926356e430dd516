"""What a person may do, from the least to the most."""

from __future__ import annotations

from enum import StrEnum

from fenlei.contract.errors import FenleiError


class Role(StrEnum):
    """A role can do all that the ones before it can."""

    VIEWER = "viewer"
    LABELLER = "labeller"
    EDITOR = "editor"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """0 for the least."""
        return list(Role).index(self)

    def includes(self, other: Role) -> bool:
        """Whether this role can do what `other` can."""
        return self.rank >= other.rank

    def at_most(self, other: Role) -> Role:
        """The lesser of the two."""
        return self if other.includes(self) else other


class NotAllowed(FenleiError):
    """The caller is known, and its role is too small for this."""


class NotSignedIn(FenleiError):
    """The caller is not known."""
