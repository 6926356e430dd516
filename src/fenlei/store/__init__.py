"""What is kept: a database (SQLite or PostgreSQL) and blobs (disk or S3). The only room that knows SQL."""

from fenlei.store.address import S3Access, StoreAddress
from fenlei.store.blobs import Blobs
from fenlei.store.clock import now
from fenlei.store.database import Database
from fenlei.store.errors import Conflict, DamagedBlob, NewerDatabase, NotFound, Stale, StoreError
from fenlei.store.ids import new_id
from fenlei.store.migrate import bring_up_to_date, must_be_up_to_date
from fenlei.store.one_call import together
from fenlei.store.place import BlobInfo, Leftovers
from fenlei.store.store import Store
from fenlei.store.work import Work

__all__ = [
    "BlobInfo",
    "Blobs",
    "Conflict",
    "DamagedBlob",
    "Database",
    "Leftovers",
    "NewerDatabase",
    "NotFound",
    "S3Access",
    "Stale",
    "Store",
    "StoreAddress",
    "StoreError",
    "Work",
    "bring_up_to_date",
    "must_be_up_to_date",
    "new_id",
    "now",
    "together",
]
