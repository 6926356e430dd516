"""Put a backup into an empty store, whatever its databases and its blobs are kept in."""

from __future__ import annotations

import json
import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from fenlei.store.backup import END, FORMAT, HEADER, WHOLE
from fenlei.store.blobs import Blobs
from fenlei.store.database import Database
from fenlei.store.errors import Conflict, StoreError
from fenlei.store.migrate import current_step, upgrade
from fenlei.store.portable import read_rows
from fenlei.store.progress import Progress, silent
from fenlei.store.store import Store

BATCH_FILES, BATCH_BYTES = 500, 64 * 1024 * 1024
"""How many blobs, of how many bytes together, are put at a time."""

_BLOB = re.compile(r"blobs/([0-9a-f]{64})\Z")
_TABLE = re.compile(r"tables/(\w+)\.jsonl\Z")


@dataclass(frozen=True)
class Restored:
    """What came back.

    Attributes:
        made_at: when the backup was made, ISO 8601.
        rows: of all tables.
        blobs: how many.
        missing: blobs that rows refer to and that are not in the backup, or damaged in it.
    """

    made_at: str
    rows: int
    blobs: int
    missing: list[str]


def restore(store: Store, path: Path, progress: Progress = silent) -> Restored:
    """Bring a backup back. Rows come in one transaction, after all blobs: when this fails or is killed, the database is
    as empty as before, and it can be begun again.

    Args:
        store: an empty one.
        path: the backup.
        progress: told how far it is.

    Raises:
        Conflict: there is something in the database.
        NewerDatabase: the backup was made by a newer Fenlei.
        StoreError: the file is no backup, is damaged or cut short; the store cannot be written.
    """
    _must_be_empty(store.database)
    header, missing = _looked_over(path)
    with tempfile.TemporaryDirectory(prefix="fenlei-restore-") as aside, _opened(path) as tar:
        blobs = _Blobs(store.blobs, header["blobs"] - len(missing), progress)
        for member, file in _members(tar):
            if table := _TABLE.match(member.name):
                _copy(file, Path(aside) / table[1])
            elif blob := _BLOB.match(member.name):
                blobs.take(blob[1], file, member.size, Path(aside) / "blob")
        blobs.finish()
        with store.database.migrating() as connection:
            _must_be_empty(store.database)
            upgrade(connection, header["step"])
            rows = 0
            for number, name in enumerate(header["tables"], 1):
                with (Path(aside) / name).open("rb") as lines:
                    rows += read_rows(connection, lines)
                progress("writing rows", number, len(header["tables"]))
            if rows != header["rows"]:
                raise StoreError(f"The backup {path} is damaged: it has {rows} rows of {header['rows']}.")
            upgrade(connection)
    return Restored(header["made_at"], rows, blobs.count, sorted({*missing, *blobs.damaged}))


class _Blobs:
    """Blobs on their way into the store, many at a time."""

    def __init__(self, blobs: Blobs, total: int, progress: Progress) -> None:
        self.count = 0
        self.damaged: list[str] = []
        self._blobs = blobs
        self._total = total
        self._progress = progress
        self._names: list[str] = []
        self._datas: list[bytes] = []

    def take(self, name: str, file: IO[bytes], size: int, aside: Path) -> None:
        if size > WHOLE:
            _copy(file, aside)
            self._noted([name], [self._blobs.put_file(aside)])
            return
        self._names.append(name)
        self._datas.append(file.read())
        if len(self._datas) >= BATCH_FILES or sum(map(len, self._datas)) >= BATCH_BYTES:
            self.finish()

    def finish(self) -> None:
        names, datas = self._names, self._datas
        self._names, self._datas = [], []
        self._noted(names, self._blobs.put_many(datas))

    def _noted(self, names: list[str], digests: list[str]) -> None:
        self.damaged += [name for name, digest in zip(names, digests, strict=True) if name != digest]
        self.count = self.count + len(names)
        self._progress("copying files", self.count, self._total)


def _must_be_empty(database: Database) -> None:
    if current_step(database) is not None:
        raise Conflict(
            "There is something in the database already. A backup is restored into an empty workspace only: "
            "name another one by --workspace, or another database by --database."
        )


def _looked_over(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The header and the names of blobs that the backup lacks, after a look at whether all of it is there."""
    header: dict[str, Any] = {}
    end: dict[str, Any] = {}
    tables, blobs = [], 0
    with _opened(path) as tar:
        for member, file in _members(tar):
            if member.name == HEADER:
                header = _read_json(path, file)
            elif member.name == END:
                end = _read_json(path, file)
            elif table := _TABLE.match(member.name):
                tables.append(table[1])
            elif _BLOB.match(member.name):
                blobs += 1
            else:
                raise StoreError(f"{path} is no backup of Fenlei's: it holds {member.name!r}.")
    if header.get("format") != FORMAT:
        raise StoreError(f"{path} is no backup that this Fenlei reads: its format is not {FORMAT}.")
    missing = end.get("missing")
    if missing is None or tables != header["tables"] or blobs + len(missing) != header["blobs"]:
        raise StoreError(f"The backup {path} was cut short: {blobs} of {header['blobs']} files are in it.")
    return header, missing


def _read_json(path: Path, file: IO[bytes]) -> dict[str, Any]:
    try:
        found = json.load(file)
    except ValueError as exc:
        raise StoreError(f"The backup {path} is damaged: {exc}.") from exc
    return found if isinstance(found, dict) else {}


def _copy(file: IO[bytes], target: Path) -> None:
    with target.open("wb") as copy:
        while piece := file.read(1024 * 1024):
            copy.write(piece)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except tarfile.TarError as exc:
        raise StoreError(f"{path} is no backup, is damaged or was cut short ({exc}).") from exc
    except OSError as exc:
        raise StoreError(f"{exc.filename or path} cannot be read or written: {exc.strerror or exc}.") from exc


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    while (member := tar.next()) is not None:
        cast(Any, tar).members.clear()  # tarfile remembers every member, and there may be a million
        file = tar.extractfile(member) if member.isreg() else None
        if file is None:
            raise StoreError(f"The file is no backup of Fenlei's: {member.name!r} in it is no file.")
        with file:
            yield member, file
