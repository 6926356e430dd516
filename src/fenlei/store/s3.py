"""Blobs in a bucket of anything that speaks S3. An object appears whole or not at all; S3 promises that itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from fenlei.store.address import S3Access
from fenlei.store.errors import NotFound, StoreError
from fenlei.store.place import BlobInfo, Leftovers

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

T = TypeVar("T")

PIECE = 8 * 1024 * 1024
"""Bytes that are asked for or sent at a time."""

ASK_FIRST = 1024 * 1024
"""A blob of so many bytes is not sent when it is there already; sending a smaller one is cheaper than asking."""

FRESH = timedelta(hours=1)
"""A blob that was put longer ago is sent again rather than trusted to stay: whoever sweeps may have an eye on it."""

AT_ONCE = 16
"""Requests side by side."""

# A service that is away is known within seconds; one that answers slowly but steadily is waited for.
CLIENT: ClientConfig = {"connect_timeout": "3s", "read_timeout": "20s", "timeout": "10m"}
RETRY: RetryConfig = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2},
}

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Bucket:
    """Blobs in one bucket, or below one prefix of it."""

    def __init__(self, url: str, access: S3Access) -> None:
        """Prepare to connect; nothing is opened yet.

        Raises:
            StoreError: the URL is not understood.
        """
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not bucket:
            raise StoreError(f"{url} names no bucket; s3://BUCKET/PREFIX does.")
        self._name = f"The S3 bucket {bucket}" + (f" at {access.endpoint}" if access.endpoint else "")
        config: dict[str, Any] = {
            "endpoint": access.endpoint,
            "access_key_id": access.key_id,
            "secret_access_key": access.secret,
            "region": access.region or "us-east-1",
        }
        with self._translated(None):
            self._store = S3Store(
                bucket,
                prefix=prefix.strip("/") or None,
                config=cast("S3Config", {name: value for name, value in config.items() if value is not None}),
                client_options={**CLIENT, "allow_http": (access.endpoint or "").startswith("http://")},
                retry_config=RETRY,
            )

    def check(self) -> None:
        """Raise when the bucket is not there or does not let us in."""
        with self._translated(None):
            next(iter(obstore.list(self._store, chunk_size=1)), None)

    def put_many(self, blobs: Sequence[tuple[str, bytes]]) -> None:
        """Keep bytes under their digests, many side by side."""

        def put(blob: tuple[str, bytes]) -> None:
            digest, data = blob
            if len(data) < ASK_FIRST or not self._is_fresh(digest, len(data)):
                with self._translated(None):
                    obstore.put(self._store, _key(digest), data, use_multipart=len(data) > PIECE, chunk_size=PIECE)

        _side_by_side(put, list(dict(blobs).items()))

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file; returns its SHA-256."""
        try:
            with path.open("rb") as file:
                name = hashlib.file_digest(file, "sha256").hexdigest()
                if not self._is_fresh(name, file.tell()):
                    file.seek(0)
                    with self._translated(None):
                        obstore.put(self._store, _key(name), _unchanged(file, name, path), chunk_size=PIECE)
        except OSError as exc:
            raise StoreError(f"{path} cannot be read: {exc.strerror}.") from exc
        return name

    def size(self, sha256: str) -> int:
        """Bytes of a blob. Raises NotFound."""
        with self._translated(sha256):
            return obstore.head(self._store, _key(sha256))["size"]

    def get(self, sha256: str) -> bytes:
        """The whole blob. Raises NotFound."""
        with self._translated(sha256):
            return bytes(obstore.get(self._store, _key(sha256)).bytes())

    def read(self, sha256: str) -> Iterator[bytes]:
        """The bytes in pieces, each asked for by itself: a slow reader keeps no connection open. Raises NotFound at
        once."""
        with self._translated(sha256):
            found = obstore.get(self._store, _key(sha256))
            size = found.meta["size"]
            return iter([bytes(found.bytes())]) if size <= PIECE else self._pieces(sha256, size)

    def all(self) -> Iterator[BlobInfo]:
        """Every blob."""
        with self._translated(None):
            for batch in obstore.list(self._store, chunk_size=1000):
                for each in batch:
                    name = each["path"].rsplit("/", 1)[-1]
                    if _DIGEST.match(name):
                        yield BlobInfo(name, each["size"], each["last_modified"])

    def remove(self, sha256s: Sequence[str], before: datetime | None) -> list[str]:
        """Remove blobs, with `before` only those not put since then; returns which were removed.

        S3 cannot look and remove in one step: a blob that is put in the milliseconds between is lost. `FRESH` keeps
        that to blobs which nobody referred to for as long as the sweeper's patience, and which come back just then.
        """

        def remove(digest: str) -> str | None:
            try:
                with self._translated(digest):
                    put_at = obstore.head(self._store, _key(digest))["last_modified"]
                    if before is None or put_at < before:
                        obstore.delete(self._store, _key(digest))
                        return digest
            except NotFound:
                pass
            return None

        return [digest for digest in _side_by_side(remove, sha256s) if digest is not None]

    def leftovers(self, before: datetime) -> Leftovers:
        """None that can be seen: a bucket's own life-cycle rule removes uploads that were not finished."""
        return Leftovers(0, 0)

    def sweep(self, before: datetime) -> None:
        """Nothing to do."""

    def _is_fresh(self, digest: str, size: int) -> bool:
        try:
            with self._translated(digest):
                found = obstore.head(self._store, _key(digest))
        except NotFound:
            return False
        return found["size"] == size and datetime.now(UTC) - found["last_modified"] < FRESH

    def _pieces(self, sha256: str, size: int) -> Iterator[bytes]:
        for start in range(0, size, PIECE):
            with self._translated(sha256):
                piece = obstore.get_range(self._store, _key(sha256), start=start, end=min(start + PIECE, size))
            yield bytes(piece)

    @contextmanager
    def _translated(self, sha256: str | None) -> Iterator[None]:
        """Errors of the service as sentences; "not found" is about the blob only when one was asked for."""
        try:
            yield
        except FileNotFoundError as exc:
            if sha256 is not None and "NoSuchBucket" not in str(exc):
                raise NotFound(f"There is no blob {sha256}.") from exc
            raise StoreError(f"{self._name} cannot be used: {_reason(exc)}.") from exc
        except (BaseError, PermissionError, ValueError) as exc:
            raise StoreError(f"{self._name} cannot be used: {_reason(exc)}.") from exc


def _key(digest: str) -> str:
    if not _DIGEST.match(digest):
        raise NotFound(f"There is no blob {digest!r}: a blob's name is a SHA-256 of 64 hexadecimal digits.")
    return f"{digest[:2]}/{digest}"


def _side_by_side(work: Callable[[Any], T], items: Sequence[Any]) -> list[T]:
    if len(items) <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(AT_ONCE, len(items))) as threads:
        return list(threads.map(work, items))


def _unchanged(file: Any, sha256: str, path: Path) -> Iterator[bytes]:
    """The file's bytes; when they are no longer those that were hashed, an error takes the upload back."""
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != sha256:
        raise StoreError(f"{path} changed while it was being kept.")


def _reason(exc: BaseException) -> str:
    """The service's own words, without the address of the request and what the library adds for its authors."""
    text = str(exc).split("\n\nDebug source", 1)[0]
    if said := re.search(r"<Message>(.*?)</Message>", text, re.S):
        return said[1].strip().rstrip(".")
    if status := re.search(r"status code: (\d+ [A-Za-z ]+)", text):
        return f"it answered {status[1].strip()}"
    return text.rsplit(" - HTTP error: ", 1)[-1].strip().split("\n")[0].rstrip(".")
