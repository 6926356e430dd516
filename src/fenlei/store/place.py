"""Where blobs can be: a folder or a bucket. What both promise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class BlobInfo:
    """A blob that is there: its digest, its size in bytes, when it was last put."""

    sha256: str
    bytes: int
    written_at: datetime


@dataclass(frozen=True)
class Leftovers:
    """What dead processes left half-written: how many files, how many bytes."""

    files: int
    bytes: int


class Place(Protocol):
    """Keeps bytes under their SHA-256. What was put survives a power cut; what was not put whole is not there. A blob
    that is put again counts as put now. What cannot be done raises StoreError within seconds; what is not there raises
    NotFound. Safe from many threads and processes."""

    def check(self) -> None:
        """Make ready what can be made ready, and raise when the place cannot be used."""

    def put_many(self, blobs: Sequence[tuple[str, bytes]]) -> None:
        """Keep bytes under the digests that the caller computed of them."""

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file; returns the digest of what was kept."""
        ...

    def size(self, sha256: str) -> int:
        """Bytes of a blob."""
        ...

    def get(self, sha256: str) -> bytes:
        """The whole blob, unchecked."""
        ...

    def read(self, sha256: str) -> Iterator[bytes]:
        """The blob in pieces, unchecked; NotFound at once, not at the first piece."""
        ...

    def all(self) -> Iterator[BlobInfo]:
        """Every blob."""
        ...

    def remove(self, sha256s: Sequence[str], before: datetime | None) -> list[str]:
        """Remove blobs, with `before` only those not put since then; returns which were removed."""
        ...

    def leftovers(self, before: datetime) -> Leftovers:
        """What has been half-written since before that time."""
        ...

    def sweep(self, before: datetime) -> None:
        """Remove those."""
