"""Everything that is kept, in one file, while the platform runs: a tar, readable with common tools.

    fenlei-backup.json     what this is: format, Fenlei's version, step of the tables, time, tables in order, blobs
    tables/NAME.jsonl      the rows of each table; see fenlei.store.portable
    blobs/SHA256           the blobs that those rows refer to
    end.json               what could not be read; a backup without it was cut short

All rows are of one moment. A blob is put before a row refers to it and is never changed, so the blobs of that moment
are there whenever they are copied; `fenlei gc` waits meanwhile.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from fenlei.store.clock import now
from fenlei.store.errors import DamagedBlob, NotFound, StoreError
from fenlei.store.keeping import keeping
from fenlei.store.migrate import current_step
from fenlei.store.portable import write_rows
from fenlei.store.progress import Progress, silent
from fenlei.store.references import lists_of_nodes, manifests, named_in_manifest, named_in_rows, spoken_of_in_runs
from fenlei.store.store import Store
from fenlei.store.tables import Base

FORMAT = "fenlei-backup/1"
HEADER, END = "fenlei-backup.json", "end.json"

WHOLE = 4 * 1024 * 1024
"""Blobs up to so many bytes are read by several threads ahead of the writing; larger ones one after the other."""

READERS = 8


@dataclass(frozen=True)
class BackedUp:
    """What a backup holds.

    Attributes:
        rows: of all tables.
        blobs: how many.
        bytes: size of the file.
        missing: blobs that are referred to and are not there, or are damaged; they are not in the backup.
    """

    rows: int
    blobs: int
    bytes: int
    missing: list[str]


def back_up(store: Store, path: Path, version: str, progress: Progress = silent) -> BackedUp:
    """Write a backup. The file is there whole or not at all.

    Args:
        store: what is backed up; others may go on writing.
        path: the file to be made.
        version: Fenlei's, to be noted in it.
        progress: told how far it is.

    Raises:
        StoreError: there is such a file already, it cannot be written, or the store cannot be read.
    """
    if path.exists():
        raise StoreError(f"{path} exists already; a backup never takes a file's place.")
    with keeping(store.database), _made(path) as file:
        with tarfile.open(fileobj=file, mode="w|") as tar:
            writer = _Writer(store, tar, path.parent, progress)
            rows, wanted = writer.tables(version)
            missing = writer.blobs(wanted)
            writer.member(END, json.dumps({"missing": missing}).encode())
        size = file.tell()
    return BackedUp(rows, len(wanted) - len(missing), size, missing)


class _Writer:
    def __init__(self, store: Store, tar: tarfile.TarFile, passing: Path, progress: Progress) -> None:
        self._store = store
        self._tar = tar
        self._passing = passing
        self._progress = progress
        self._time = int(time.time())
        self._sizes: dict[str, int] = {}

    def tables(self, version: str) -> tuple[int, list[str]]:
        """Write the header and all rows; returns how many rows, and the blobs that they refer to."""
        step, tables = current_step(self._store.database), Base.metadata.sorted_tables
        with tempfile.TemporaryDirectory(prefix=".fenlei-backup-", dir=self._passing) as aside:
            # First aside: a tar tells the length of a member before it, and the transaction shall be short.
            files = [Path(aside) / table.name for table in tables]
            rows = 0
            with self._store.reading() as work:
                for number, (table, file) in enumerate(zip(tables, files, strict=True)):
                    self._progress("reading rows", number, len(tables))
                    with file.open("wb") as lines:
                        for piece in write_rows(work.session, table):
                            lines.write(piece)
                            rows += piece.count(b"\n")
                wanted = set(named_in_rows(work.session))
                spoken_of = set(spoken_of_in_runs(work.session))
                versions, lists = manifests(work.session), lists_of_nodes(work.session)
            rows -= len(tables)  # the first line of each names its columns
            self._progress("reading rows", len(tables), len(tables))
            for digest in versions:
                try:
                    wanted.update(named_in_manifest(self._store.blobs, digest))
                except (NotFound, DamagedBlob):
                    continue  # told with the other missing blobs
            for digest in lists - versions.keys():
                with suppress(NotFound, DamagedBlob):  # a result that is gone is worked out again
                    spoken_of.update(named_in_manifest(self._store.blobs, digest))
            for info in self._store.blobs.all():
                if info.sha256 in wanted or info.sha256 in spoken_of:
                    self._sizes[info.sha256] = info.bytes
            wanted |= self._sizes.keys()
            header = {
                "format": FORMAT,
                "fenlei": version,
                "step": step,
                "made_at": now().isoformat(),
                "tables": [table.name for table in tables],
                "rows": rows,
                "blobs": len(wanted),
            }
            self.member(HEADER, json.dumps(header, indent=1).encode())
            for table, path in zip(tables, files, strict=True):
                with path.open("rb") as lines:
                    self._member(f"tables/{table.name}.jsonl", lines, os.fstat(lines.fileno()).st_size)
        return rows, sorted(wanted)

    def blobs(self, wanted: list[str]) -> list[str]:
        """Write the blobs; returns those that are not there or damaged."""
        missing = []
        self._progress("copying files", 0, len(wanted))
        with ThreadPoolExecutor(READERS) as readers:
            ahead: deque[tuple[str, Future[bytes | None]]] = deque()
            try:
                for number, digest in enumerate(wanted, 1):
                    ahead.append((digest, readers.submit(self._small, digest)))
                    while len(ahead) > 2 * READERS or (number == len(wanted) and ahead):
                        first, read = ahead.popleft()
                        if not self._blob(first, read):
                            missing.append(first)
                        self._progress("copying files", number - len(ahead), len(wanted))
            finally:
                readers.shutdown(cancel_futures=True)
        return missing

    def _small(self, digest: str) -> bytes | None:
        """A blob that is not large."""
        size = self._sizes[digest] if digest in self._sizes else self._store.blobs.size(digest)
        return self._store.blobs.get(digest) if size <= WHOLE else None

    def _blob(self, digest: str, read: Future[bytes | None]) -> bool:
        try:
            if (data := read.result()) is not None:
                self.member(f"blobs/{digest}", data)
                return True
            with tempfile.TemporaryFile(dir=self._passing) as whole:  # damaged ones shall not come into the tar
                whole.writelines(self._store.blobs.stream(digest))
                size = whole.tell()
                whole.seek(0)
                self._member(f"blobs/{digest}", whole, size)
        except (NotFound, DamagedBlob):
            return False
        return True

    def member(self, name: str, data: bytes) -> None:
        """Write one member."""
        self._member(name, io.BytesIO(data), len(data))

    def _member(self, name: str, file: IO[bytes], size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, self._time, 0o600
        self._tar.addfile(info, file)
        cast(Any, self._tar).members.clear()  # tarfile remembers every member, and there may be a million


@contextmanager
def _made(path: Path) -> Iterator[IO[bytes]]:
    """A file for its owner alone: at `path` when the block has ended, nowhere when it was left otherwise."""
    passing = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            passing.replace(path)
        except BaseException:
            passing.unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise StoreError(f"The backup {path} cannot be written: {exc.strerror}.") from exc
