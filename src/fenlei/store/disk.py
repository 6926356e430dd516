"""Blobs in a folder: written under a passing name, synced, renamed, the folder synced; so each is whole or not there.

blobs/ab/abcd…   the blob whose SHA-256 begins with ab
blobs/.incoming/ what is being written; what a crash leaves there is nobody's blob and is swept in time
blobs/.turns     writers keep the sweeper away from a blob between finding it there and making it young
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from fenlei.store.errors import NotFound, StoreError
from fenlei.store.place import BlobInfo, Leftovers
from fenlei.store.turns import turn

PIECE = 1024 * 1024
"""Bytes that are copied at a time."""

FEW = 4
"""Files that are synced one by one; more are synced by one call for the whole file system, which measures eight times
faster at 500 (0.05 s against 0.4 s) but may wait for what others have written."""

_THREADS = 8
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Disk:
    """Blobs in one folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / ".incoming"
        self._turns = folder / ".turns"

    def check(self) -> None:
        """Make the folder ready, or raise."""
        with self._writing():
            turn_file = self._turns.open("ab")
            turn_file.close()

    def put_many(self, blobs: Sequence[tuple[str, bytes]]) -> None:
        """Keep bytes under their digests. Those already there are only made young again."""
        with self._writing(), turn(self._turns, alone=False):
            new = {digest: data for digest, data in blobs if not self._refresh(digest, len(data))}
            if not new:
                return
            passing = {digest: self._incoming / secrets.token_hex(16) for digest in new}
            try:
                for digest, data in new.items():
                    _write(passing[digest], data)
                self._settle(passing)
            except BaseException:
                _drop(passing.values())
                raise

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file; returns its SHA-256. What is hashed is what was copied, even if the file changes."""
        try:
            source = path.open("rb")
        except OSError as exc:
            raise StoreError(f"{path} cannot be read: {exc.strerror}.") from exc
        with source, self._writing():
            passing = self._incoming / secrets.token_hex(16)
            try:
                with passing.open("xb") as target:
                    digest = hashlib.sha256()
                    while piece := source.read(PIECE):
                        digest.update(piece)
                        target.write(piece)
                    size = target.tell()
                name = digest.hexdigest()
                with turn(self._turns, alone=False):
                    if self._refresh(name, size):
                        passing.unlink()
                    else:
                        self._settle({name: passing})
            except BaseException:
                _drop([passing])
                raise
        return name

    def get(self, sha256: str) -> bytes:
        """The whole blob. Raises NotFound."""
        path = self._path(sha256)
        try:
            return path.read_bytes()
        except FileNotFoundError as exc:
            raise NotFound(f"There is no blob {sha256}.") from exc
        except OSError as exc:
            raise StoreError(f"The blob {path} cannot be read: {exc.strerror}.") from exc

    def read(self, sha256: str) -> Iterator[bytes]:
        """The bytes in pieces. Raises NotFound at once."""
        path = self._path(sha256)
        self.size(sha256)
        return _pieces(path, sha256)

    def size(self, sha256: str) -> int:
        """Bytes of a blob. Raises NotFound."""
        path = self._path(sha256)
        try:
            return path.stat().st_size
        except FileNotFoundError as exc:
            raise NotFound(f"There is no blob {sha256}.") from exc
        except OSError as exc:
            raise StoreError(f"The blob {path} cannot be read: {exc.strerror}.") from exc

    def all(self) -> Iterator[BlobInfo]:
        """Every blob."""
        try:
            drawers = sorted(self.folder.glob("[0-9a-f][0-9a-f]"))
            for drawer in drawers:
                with os.scandir(drawer) as files:
                    infos = [_info(file) for file in files if _DIGEST.match(file.name)]
                yield from filter(None, infos)
        except OSError as exc:
            raise StoreError(f"The blobs in {self.folder} cannot be listed: {exc.strerror}.") from exc

    def remove(self, sha256s: Sequence[str], before: datetime | None) -> list[str]:
        """Remove blobs, with `before` only those not put since then; returns which were removed."""
        removed: list[str] = []
        if not self.folder.is_dir():
            return removed
        with turn(self._turns, alone=True):
            for digest in sha256s:
                path = self._path(digest)
                try:
                    if before is None or _moment(path.stat().st_mtime) < before:
                        path.unlink()
                        removed.append(digest)
                except FileNotFoundError:
                    continue
                except OSError as exc:
                    raise StoreError(f"The blob {path} cannot be removed: {exc.strerror}.") from exc
        return removed

    def leftovers(self, before: datetime) -> Leftovers:
        """What was being written when a process died: it has not grown since `before`."""
        sizes = [size for _, size in self._stale(before)]
        return Leftovers(len(sizes), sum(sizes))

    def sweep(self, before: datetime) -> None:
        """Remove that."""
        for path, _ in self._stale(before):
            path.unlink(missing_ok=True)

    def _stale(self, before: datetime) -> Iterator[tuple[Path, int]]:
        for path in self._incoming.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                found = path.stat()
                if _moment(found.st_mtime) < before:
                    yield path, found.st_size

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as exc:
            raise StoreError(f"A blob cannot be written into {self.folder}: {exc.strerror}.") from exc

    def _refresh(self, digest: str, size: int) -> bool:
        """Whether it is there and whole; then it counts as put now. One of another size is damaged and replaced."""
        path = self._path(digest)
        try:
            if path.stat().st_size != size:
                return False
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def _settle(self, passing: dict[str, Path]) -> None:
        """Sync what was written, give it its names, and sync those."""
        drawers = {self._path(digest).parent for digest in passing}
        made = [drawer for drawer in drawers if not drawer.is_dir()]
        for drawer in made:
            drawer.mkdir(exist_ok=True)
        _sync(self.folder, list(passing.values()))
        for digest, path in passing.items():
            path.replace(self._path(digest))
        _sync(self.folder, [*drawers, self.folder] if made else list(drawers))

    def _path(self, digest: str) -> Path:
        if not _DIGEST.match(digest):
            raise NotFound(f"There is no blob {digest!r}: a blob's name is a SHA-256 of 64 hexadecimal digits.")
        return self.folder / digest[:2] / digest


def _write(path: Path, data: bytes) -> None:
    with path.open("xb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]


def _drop(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink()


def _info(file: os.DirEntry[str]) -> BlobInfo | None:
    try:
        found = file.stat()
    except FileNotFoundError:  # removed meanwhile
        return None
    return BlobInfo(file.name, found.st_size, _moment(found.st_mtime))


def _pieces(path: Path, sha256: str) -> Iterator[bytes]:
    try:
        with path.open("rb", buffering=0) as file:
            while piece := file.read(PIECE):
                yield piece
    except FileNotFoundError as exc:
        raise NotFound(f"There is no blob {sha256}.") from exc
    except OSError as exc:
        raise StoreError(f"The blob {path} cannot be read: {exc.strerror}.") from exc


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _sync(folder: Path, paths: Sequence[Path]) -> None:
    """What was written to these files, or which names these folders hold, survives a power cut."""
    if len(paths) > FEW and _sync_all is not None:
        _sync_all(folder)
    elif len(paths) == 1:
        _sync_one(paths[0])
    else:
        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(_sync_one, paths))


def _sync_one(path: Path) -> None:
    if sys.platform == "win32" and path.is_dir():
        return  # NTFS keeps a journal of names and lets nobody sync a folder
    number = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _linux_sync_all() -> Callable[[Path], None] | None:
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None) if sys.platform == "linux" else None
    if call is None:
        return None

    def sync_all(folder: Path) -> None:
        number = os.open(folder, os.O_RDONLY)
        try:
            if call(number):
                wrong = ctypes.get_errno()
                raise OSError(wrong, os.strerror(wrong), str(folder))
        finally:
            os.close(number)

    return sync_all


_sync_all = _linux_sync_all()
