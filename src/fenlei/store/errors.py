"""What can go wrong with what is kept."""

from __future__ import annotations

from fenlei.contract.errors import FenleiError


class StoreError(FenleiError):
    """The database or the blobs cannot be used."""


class DamagedBlob(StoreError):
    """What is stored under a digest is something else."""


class NewerDatabase(StoreError):
    """The database was written by a newer Fenlei."""


class NotFound(FenleiError):
    """There is no row with this id or name."""


class Conflict(FenleiError):
    """This cannot be done in the present state."""


class Stale(Conflict):
    """Somebody else changed it in the meantime: the revision is another one."""
