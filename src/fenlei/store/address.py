"""Where what is kept lies: enough for another process to open the same store."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class S3Access:
    """How to reach an S3-compatible store. What is absent is found as S3 tools find it: `AWS_…`, the machine's role.

    Attributes:
        endpoint: scheme, host and port of the service; Amazon's own when absent. `http://` is allowed.
        key_id: the access key's id.
        secret: the access key's secret; never shown.
        region: the region; `us-east-1` when absent.
    """

    endpoint: str | None = None
    key_id: str | None = None
    secret: str | None = field(default=None, repr=False)
    region: str | None = None


@dataclass(frozen=True)
class StoreAddress:
    """The database and the blobs of one installation.

    Attributes:
        database: `sqlite:///FILE`, `postgresql://USER:PASSWORD@HOST/NAME`, or the path of a SQLite file; never shown.
        blobs: a folder, or `s3://BUCKET/PREFIX`.
        s3: how to reach S3.
    """

    database: str | Path = field(repr=False)
    blobs: str | Path
    s3: S3Access | None = None
