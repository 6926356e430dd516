"""One transaction, and what can be asked and done in it, by corner of the house."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy.orm import Session

from fenlei.store.audit import Audit, Remembered, Repeats
from fenlei.store.users import SignIns, Tokens, Users


class Work:
    """A transaction. Rows that come out of it stay readable afterwards; nothing is assigned to them outside.

    Attributes:
        session: for the query classes of this room; no other room touches it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    @cached_property
    def users(self) -> Users:
        """People."""
        return Users(self.session)

    @cached_property
    def sign_ins(self) -> SignIns:
        """Browsers that are signed in."""
        return SignIns(self.session)

    @cached_property
    def tokens(self) -> Tokens:
        """What machines sign in with."""
        return Tokens(self.session)

    @cached_property
    def audit(self) -> Audit:
        """The list of changes."""
        return Audit(self.session)

    @cached_property
    def repeats(self) -> Repeats:
        """Answers kept for callers who ask twice."""
        return Repeats(self.session)

    @cached_property
    def settings(self) -> Remembered:
        """What the installation remembers about itself."""
        return Remembered(self.session)
