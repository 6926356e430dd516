"""What Fenlei keeps: one database and one set of blobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fenlei.store.address import StoreAddress
from fenlei.store.blobs import Blobs
from fenlei.store.database import Database
from fenlei.store.one_call import here
from fenlei.store.work import Work


class Store:
    """The database and the blobs of one installation. Safe from many threads."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self.database = database
        self.blobs = blobs

    @classmethod
    def at(cls, address: StoreAddress) -> Store:
        """The store at an address; nothing is opened yet. Migrating is `bring_up_to_date`'s business.

        Raises:
            StoreError: an address is not understood.
        """
        return cls(Database(address.database), Blobs(address.blobs, address.s3))

    @property
    def address(self) -> StoreAddress:
        """Where it lies, for another process that opens it too."""
        return StoreAddress(self.database.address, self.blobs.url, self.blobs.s3)

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """A transaction that sees one state and changes nothing."""
        call = here(self.database)
        with (call or self.database).reading() as session:
            yield Work(session)

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """A transaction that is committed at the end, or undone when an exception leaves it. Keep it short: in SQLite
        there is one writer at a time. A blob that it refers to must have been put before."""
        call = here(self.database)
        with (call or self.database).writing() as session:
            yield Work(session)

    def settle(self) -> None:
        """Commit what the call that is being carried out here has written so far, because somebody is about to act on
        it; see `one_call`. Elsewhere every transaction is committed already."""
        call = here(self.database)
        if call is not None:
            call.settle()

    def close(self) -> None:
        """Let go of the connections."""
        self.database.close()
