"""Send files in pieces that survive a broken connection: whatever was acknowledged is not sent again."""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from fenlei.client.management.errors import Conflict, TryLater, Unreachable
from fenlei.client.management.link import PAUSES, Link
from fenlei.client.management.records import Upload

PIECE = 8 * 1024 * 1024
"""Bytes of one piece."""

Sent = Callable[[int, int], None]
"""Told how many bytes of how many have arrived."""


class Announced(NamedTuple):
    """A file as an import is told of it: where it lies here, what it is called there, its bytes and their SHA-256."""

    path: Path
    name: str
    size: int
    sha256: str


def announced(path: Path, name: str) -> Announced:
    """What there is to say of a file before it is sent.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Announced(path, name, file.tell(), digest)


def send_file(link: Link, import_id: str, file: Announced, sent: Sent = lambda done, total: None) -> Upload:
    """Send one file into an import. Sent again after an interruption, it goes on where it stopped.

    Args:
        link: to the platform.
        import_id: of an open import.
        file: which.
        sent: told how far it is.

    Raises:
        PlatformError: it did not arrive.
        OSError: it cannot be read.
    """
    said = {"name": file.name, "size": file.size, "sha256": file.sha256}
    upload = link.post(f"/imports/{import_id}/uploads", Upload, said)
    with file.path.open("rb") as bytes_:
        while upload.received < file.size:
            bytes_.seek(upload.received)
            upload = _send_piece(link, upload, bytes_.read(PIECE))
            sent(upload.received, file.size)
    sent(file.size, file.size)
    return upload


@contextmanager
def one_file(source: Path) -> Iterator[tuple[Path, str]]:
    """A file as it is, a folder as a tar: ten thousand small files travel at the speed of one large one.

    The same folder gives the same bytes, so that sending it again goes on where it stopped. Links and hidden files
    stay behind; what else is no picture is left to the server, which says so in its report.

    Yields:
        The file, and what to call it.

    Raises:
        OSError: there is no such file or folder, or it cannot be read.
    """
    if not source.is_dir():
        yield source, source.name
        return
    with tempfile.TemporaryDirectory(prefix="fenlei-") as folder:
        packed = Path(folder) / "folder.tar"
        with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(source.rglob("*")):
                inside = path.relative_to(source)
                if path.is_symlink() or any(part.startswith(".") for part in inside.parts):
                    continue
                if path.is_dir() or path.is_file():
                    tar.add(path, inside.as_posix(), recursive=False, filter=_plain)
        yield packed, f"{source.resolve().name or 'folder'}.tar"


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry without anything that differs from one machine or day to the next."""
    member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
    member.mode = 0o755 if member.isdir() else 0o644
    return member


def _send_piece(link: Link, upload: Upload, piece: bytes) -> Upload:
    here = f"/uploads/{upload.id}"
    for pause in (*PAUSES, None):
        try:
            response = link.send("PUT", here, query={"offset": upload.received}, content=piece)
            return msgspec.json.decode(response.content, type=Upload, strict=False)
        except Conflict:
            now = link.get(here, Upload)
            if now.received != upload.received:  # an earlier attempt arrived after all
                return now
            if pause is None:
                raise
            time.sleep(pause)  # the platform may not know yet that an earlier sender is gone
        except (Unreachable, TryLater):
            if pause is None:
                raise
            time.sleep(pause)
    raise AssertionError("the last attempt either returns or raises")
