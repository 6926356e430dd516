"""One transaction, and what can be asked and done in it, by corner of the house."""

from __future__ import annotations

from sqlalchemy.orm import Session


class Work:
    """A transaction. Rows that come out of it stay readable afterwards; nothing is assigned to them outside.

    Attributes:
        session: for the query classes of this room; no other room touches it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
