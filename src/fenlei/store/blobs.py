"""Files by what is in them: put once under their SHA-256, never changed, found on disk or in an S3 bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import obstore
from obstore.store import LocalStore, S3Store

from fenlei.store.address import S3Access
from fenlei.store.errors import NotFound

if TYPE_CHECKING:
    from obstore.store import S3Config


@dataclass(frozen=True)
class BlobInfo:
    """A blob that is there: its digest, its size in bytes, when it was written."""

    sha256: str
    bytes: int
    written_at: datetime


class Blobs:
    """Blobs by SHA-256. Safe from many threads and processes."""

    def __init__(self, url: str | Path, s3: S3Access | None = None) -> None:
        """Prepare to read and write.

        Args:
            url: a folder, or `s3://BUCKET/PREFIX`.
            s3: how to reach S3.
        """
        self.url = url
        self.s3 = s3
        self._store: LocalStore | S3Store
        if isinstance(url, str) and url.startswith("s3://"):
            bucket, _, prefix = url.removeprefix("s3://").partition("/")
            access = s3 or S3Access()
            config: dict[str, Any] = {
                "endpoint": access.endpoint,
                "access_key_id": access.key_id,
                "secret_access_key": access.secret,
                "region": access.region or "us-east-1",
            }
            self._store = S3Store(
                bucket,
                prefix=prefix or None,
                config=cast("S3Config", {name: value for name, value in config.items() if value is not None}),
                client_options={"allow_http": (access.endpoint or "").startswith("http://")},
            )
        else:
            self._store = LocalStore(Path(url), mkdir=True)

    def put(self, data: bytes) -> str:
        """Keep bytes; returns their SHA-256. When this returns they survive a power cut."""
        return self.put_many([data])[0]

    def put_many(self, datas: Sequence[bytes]) -> list[str]:
        """Keep several at the price of one sync; returns their SHA-256 in the same order."""
        digests = [hashlib.sha256(data).hexdigest() for data in datas]
        for digest, data in zip(digests, datas, strict=True):
            obstore.put(self._store, _key(digest), data)
        return digests

    def put_file(self, path: Path) -> str:
        """Keep a file of any size, read in pieces; returns its SHA-256."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        obstore.put(self._store, _key(digest), path)
        return digest

    def get(self, sha256: str) -> bytes:
        """All bytes of a blob.

        Raises:
            NotFound: it is not there.
        """
        try:
            return bytes(obstore.get(self._store, _key(sha256)).bytes())
        except FileNotFoundError as exc:
            raise NotFound(f"There is no blob {sha256}.") from exc

    def stream(self, sha256: str, chunk: int = 1024 * 1024) -> Iterator[bytes]:
        """The bytes of a blob in pieces.

        Raises:
            NotFound: it is not there; at once, not at the first piece.
        """
        try:
            found = obstore.get(self._store, _key(sha256))
        except FileNotFoundError as exc:
            raise NotFound(f"There is no blob {sha256}.") from exc
        return (bytes(piece) for piece in found.stream(min_chunk_size=chunk))

    def save_to(self, sha256: str, path: Path) -> None:
        """Write a blob into a file, which is there whole or not at all.

        Raises:
            NotFound: it is not there.
        """
        beside = path.with_name(f".{path.name}.part")
        with beside.open("wb") as file:
            for piece in self.stream(sha256):
                file.write(piece)
        beside.replace(path)

    def has(self, sha256: str) -> bool:
        """Whether it is there."""
        try:
            obstore.head(self._store, _key(sha256))
        except FileNotFoundError:
            return False
        return True

    def all(self) -> Iterator[BlobInfo]:
        """Every blob that is there."""
        for batch in obstore.list(self._store):
            for each in batch:
                yield BlobInfo(each["path"].rsplit("/", 1)[-1], each["size"], each["last_modified"])

    def remove(self, sha256s: Sequence[str]) -> None:
        """Remove blobs; those that are gone already are no fault."""
        for digest in sha256s:
            try:
                obstore.delete(self._store, _key(digest))
            except FileNotFoundError:
                continue


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
