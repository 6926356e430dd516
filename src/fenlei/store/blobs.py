"""Files by what is in them: put once under their SHA-256, never changed, found in a folder or in an S3 bucket."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from fenlei.store.address import S3Access
from fenlei.store.disk import Disk
from fenlei.store.errors import DamagedBlob, NotFound, StoreError
from fenlei.store.place import BlobInfo, Leftovers, Place
from fenlei.store.s3 import Bucket


class Blobs:
    """Blobs by SHA-256. Safe from many threads and processes. What comes out is what was put in, or an error.

    Attributes:
        url: the folder or `s3://…`.
        s3: how S3 is reached.
    """

    def __init__(self, url: str | Path, s3: S3Access | None = None) -> None:
        """Prepare to read and write; nothing is opened or made yet.

        Args:
            url: a folder, or `s3://BUCKET/PREFIX`.
            s3: how to reach S3.

        Raises:
            StoreError: the URL is not understood.
        """
        self.url = url
        self.s3 = s3
        self._place: Place
        if isinstance(url, str) and url.startswith("s3://"):
            self._place = Bucket(url, s3 or S3Access())
        elif isinstance(url, str) and "://" in url:
            raise StoreError(f"The blob URL {url} is not understood; a folder and s3://BUCKET/PREFIX are.")
        else:
            self._place = Disk(Path(url))

    def check(self) -> None:
        """Try whether blobs can be kept here; for the start of a server.

        Raises:
            StoreError: they cannot be: no such bucket, no permission, no answer.
        """
        self._place.check()

    def put(self, data: bytes) -> str:
        """Keep bytes; returns their SHA-256. When this returns they survive a power cut.

        Raises:
            StoreError: they cannot be kept: no room, no permission, no answer.
        """
        return self.put_many([data])[0]

    def put_many(self, datas: Sequence[bytes]) -> list[str]:
        """Keep several, on disk at the price of two syncs; returns their SHA-256 in the same order. When it fails, some
        may have been kept.

        Raises:
            StoreError: they cannot be kept.
        """
        digests = [hashlib.sha256(data).hexdigest() for data in datas]
        self._place.put_many(list(zip(digests, datas, strict=True)))
        return digests

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file of any size, read in pieces; returns its SHA-256.

        Raises:
            StoreError: it cannot be read or kept.
        """
        return self._place.put_file(path)

    def get(self, sha256: str) -> bytes:
        """All bytes of a blob.

        Raises:
            NotFound: it is not there.
            DamagedBlob: it is not what was put.
            StoreError: it cannot be read.
        """
        data = self._place.get(sha256)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _damaged(sha256)
        return data

    def stream(self, sha256: str) -> Iterator[bytes]:
        """The bytes of a blob in pieces. Whether they are what was put is known after the last one.

        Raises:
            NotFound: it is not there; at once, not at the first piece.
            DamagedBlob: it is not what was put; after the last piece.
            StoreError: it cannot be read.
        """
        return _checked(self._place.read(sha256), sha256)

    def save_to(self, sha256: str, path: Path) -> None:
        """Write a blob into a file, which is there whole or not at all.

        Raises:
            NotFound: it is not there.
            DamagedBlob: it is not what was put.
            StoreError: it cannot be read, or the file cannot be written.
        """
        pieces = self.stream(sha256)
        try:
            number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            beside = Path(name)
            try:
                with os.fdopen(number, "wb") as file:
                    file.writelines(pieces)
                beside.chmod(0o644)
                beside.replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    beside.unlink()
                raise
        except OSError as exc:
            raise StoreError(f"{path} cannot be written: {exc.strerror}.") from exc

    def size(self, sha256: str) -> int:
        """Bytes of a blob.

        Raises:
            NotFound: it is not there.
            StoreError: that cannot be told.
        """
        return self._place.size(sha256)

    def has(self, sha256: str) -> bool:
        """Whether it is there.

        Raises:
            StoreError: that cannot be told.
        """
        try:
            self._place.size(sha256)
        except NotFound:
            return False
        return True

    def all(self) -> Iterator[BlobInfo]:
        """Every blob that is there, those being put excepted.

        Raises:
            StoreError: they cannot be listed.
        """
        return self._place.all()

    def remove(self, sha256s: Sequence[str], before: datetime | None = None) -> list[str]:
        """Remove blobs; those that are gone already are no fault.

        Args:
            sha256s: which.
            before: leave those that were put again since then.

        Returns:
            Those that were removed.

        Raises:
            StoreError: one cannot be removed.
        """
        return self._place.remove(sha256s, before)

    def leftovers(self, before: datetime) -> Leftovers:
        """What processes that died before then left half-written."""
        return self._place.leftovers(before)

    def sweep(self, before: datetime) -> None:
        """Remove that."""
        self._place.sweep(before)


def _checked(pieces: Iterator[bytes], sha256: str) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != sha256:
        raise _damaged(sha256)


def _damaged(sha256: str) -> DamagedBlob:
    return DamagedBlob(f"The blob {sha256} is damaged: what is stored under this name has another digest.")
