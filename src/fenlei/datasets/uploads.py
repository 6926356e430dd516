"""Files that are being sent: what was acknowledged is on the disk, and can be gone on from."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from io import BufferedRandom
from pathlib import Path

from fenlei.datasets.alone import alone_with
from fenlei.datasets.create import BadValue
from fenlei.datasets.file_names import sent_name
from fenlei.datasets.imports import State, check_state
from fenlei.datasets.laid_down import make_folder, sync_folder, upload_path
from fenlei.store import Conflict, Store, StoreError, Work, new_id, now
from fenlei.store.tables import Import, Upload

ACKNOWLEDGE_BYTES = 16 * 1024 * 1024
"""Of a long piece so much is acknowledged at a time: what a broken connection can cost."""

MOST_BYTES = 1 << 43
"""Of one file: 8 TiB, which no disk of ours holds, but every arithmetic."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


class WrongOffset(Conflict):
    """A piece does not begin where the bytes that are safe end.

    Attributes:
        wanted: where the next piece has to begin.
    """

    def __init__(self, message: str, wanted: int) -> None:
        super().__init__(message)
        self.wanted = wanted


def begin_upload(store: Store, folder: Path, import_id: str, name: str, size: int, sha256: str | None = None) -> Upload:
    """Announce a file. Announced again in the same words, it is the same upload: whoever lost its id can go on.

    Args:
        store: where the import is.
        folder: where uploads are laid down.
        import_id: to which import it belongs.
        name: what it is called there, a path with `/`.
        size: bytes.
        sha256: its digest, hex; verified when the last byte is there.

    Raises:
        NotFound: there is no such import.
        BadValue: name, size or digest cannot be.
        Conflict: the import takes no files any more, or has another one of this name.
    """
    name = sent_name(name)
    sha256 = None if sha256 is None else sha256.lower()
    if not 0 <= size <= MOST_BYTES:
        raise BadValue(f"A file of {size} bytes cannot be sent; 0 to {MOST_BYTES} are.", "size", f"0 to {MOST_BYTES}")
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise BadValue(
            "The SHA-256 is not understood; it has 64 hexadecimal digits.", "sha256", "64 hexadecimal digits"
        )
    make_folder(folder)
    free = shutil.disk_usage(folder).free
    if size > free:
        raise Conflict(f"{name} has {size:,} bytes, and the disk has room for {free:,}.")
    with store.writing() as work:
        row = _taking(work, import_id)
        found = work.imports.upload_named(import_id, name)
        if found is not None:
            if (found.size, found.sha256) != (size, sha256):
                raise Conflict(f"The import {import_id} has another file {name} already. Take that one away first.")
            return found
        if row.state == State.PREVIEWED:  # what was looked at is no longer all of it
            work.imports.change(import_id, state=State.OPEN, found=None, format=None)
        return work.imports.add_upload(
            Upload(
                id=new_id("up"),
                import_id=import_id,
                name=name,
                size=size,
                received=0,
                sha256=sha256,
                created_at=now(),
            )
        )


def receive(store: Store, folder: Path, upload_id: str, offset: int, chunks: Iterable[bytes]) -> Upload:
    """Take the next piece of a file. What the answer says is received survives whatever happens next.

    When `chunks` fails half-way, what had come is kept and acknowledged before its error goes on.

    Args:
        store: where the upload is.
        folder: where uploads are laid down.
        upload_id: which one.
        offset: where in the file the piece begins; must be what was received so far.
        chunks: its bytes, of any lengths.

    Raises:
        NotFound: there is no such upload.
        WrongOffset: it begins elsewhere; says where the next one must.
        Conflict: somebody else is sending this file right now, or its import takes no files any more.
        BadValue: there are more bytes than were announced; or the file is whole and has another digest, then it has to
            be sent from its beginning.
    """
    with store.reading() as work:
        upload = work.imports.upload(upload_id)
    path = upload_path(folder, upload)
    make_folder(path.parent)
    with alone_with(path) as file:
        if file is None:
            raise Conflict(f"{upload.name} is being sent by somebody else right now.")
        with store.reading() as work:
            check_taking(work.imports.get(upload.import_id))
            upload = work.imports.upload(upload_id)
        there = _there(store, upload, file)
        if offset != there:
            raise WrongOffset(
                f"Of {upload.name} {there:,} bytes are here; the next piece must begin at {there}, not at {offset}.",
                there,
            )
        if there == 0:
            sync_folder(path.parent)
        _Receiving(store, upload, file, there).take(chunks)
    with store.reading() as work:
        return work.imports.upload(upload_id)


def remove_upload(store: Store, folder: Path, upload_id: str) -> None:
    """Take a file away from an import that is still open.

    Raises:
        NotFound: there is no such upload.
        Conflict: the import takes no files any more.
    """
    with store.writing() as work:
        upload = work.imports.upload(upload_id)
        row = _taking(work, upload.import_id)
        work.imports.remove_uploads(upload.import_id, upload_id)
        if row.state == State.PREVIEWED:
            work.imports.change(row.id, state=State.OPEN, found=None, format=None)
    upload_path(folder, upload).unlink(missing_ok=True)


class _Receiving:
    """Bytes on their way to the disk, acknowledged in stretches."""

    def __init__(self, store: Store, upload: Upload, file: BufferedRandom, start: int) -> None:
        self._store = store
        self._upload = upload
        self._file = file
        self._safe = self._at = start
        file.truncate(start)  # what a dead sender left unacknowledged
        file.seek(start)

    def take(self, chunks: Iterable[bytes]) -> None:
        try:
            for chunk in chunks:
                self._write(chunk)
                if self._at - self._safe >= ACKNOWLEDGE_BYTES and self._at < self._upload.size:
                    self._acknowledge()
        except BaseException:
            if self._safe < self._at < self._upload.size:
                self._acknowledge()
            raise
        if self._at == self._upload.size:
            self._verify()
        if self._at > self._safe:
            self._acknowledge()

    def _write(self, chunk: bytes) -> None:
        if self._at + len(chunk) > self._upload.size:
            raise BadValue(
                f"More bytes came than the {self._upload.size:,} that were announced of {self._upload.name}.",
                "size",
                f"{self._upload.size} bytes",
            )
        try:
            self._file.write(chunk)
        except OSError as exc:
            self._at = self._safe
            raise _not_kept(self._upload, exc) from exc
        self._at += len(chunk)

    def _acknowledge(self) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as exc:
            self._at = self._safe
            raise _not_kept(self._upload, exc) from exc
        with self._store.writing() as work:
            _taking(work, self._upload.import_id)
            if not work.imports.received(self._upload.id, self._safe, self._at):
                raise Conflict(f"{self._upload.name} was taken away while it was sent.")
        self._safe = self._at

    def _verify(self) -> None:
        if self._upload.sha256 is None:
            return
        self._file.flush()
        self._file.seek(0)
        digest = hashlib.file_digest(self._file, "sha256").hexdigest()
        self._file.seek(self._at)
        if digest == self._upload.sha256:
            return
        with self._store.writing() as work:
            work.imports.received(self._upload.id, self._safe, 0)
        self._file.truncate(0)
        raise BadValue(
            f"{self._upload.name} arrived with the SHA-256 {digest}, not {self._upload.sha256}. "
            "Send it again from its beginning.",
            "sha256",
            self._upload.sha256,
        )


def check_taking(row: Import) -> None:
    """Refuse files for an import that takes none, or none any more.

    Raises:
        Conflict: so it is.
    """
    if row.source["kind"] != "upload":
        raise Conflict(f"The import {row.id} reads {row.source['path']}; it takes no files.")
    check_state(row, State.OPEN, State.PREVIEWED)


def _taking(work: Work, import_id: str) -> Import:
    row = work.imports.lock(import_id)
    check_taking(row)
    return row


def _there(store: Store, upload: Upload, file: BufferedRandom) -> int:
    """How many bytes are safe. Somebody may have cleaned the folder: then it is fewer than were acknowledged."""
    there = min(upload.received, os.fstat(file.fileno()).st_size)
    if there < upload.received:
        with store.writing() as work:
            work.imports.received(upload.id, upload.received, there)
    return there


def _not_kept(upload: Upload, exc: OSError) -> StoreError:
    return StoreError(f"{upload.name} cannot be kept: {exc.strerror or exc}.")
