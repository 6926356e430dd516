"""The files of a tar, read in place. A compressed tar is unpacked once, into one nameless file beside: no name in it
can reach the disk, and nothing stays when the process ends."""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import platform
import tempfile
import threading
import zlib
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from fenlei.datasets import archive
from fenlei.datasets.encoding import guess_encoding
from fenlei.datasets.found import MAX_PICTURE_BYTES, DatasetError, too_large
from fenlei.datasets.listing import Filing, Listing
from fenlei.datasets.tar_headers import BLOCK, looks_like_tar, read_members

_PIECE = 1 << 20
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "Zstandard"}


def is_tar(head: bytes) -> bool:
    """Whether a file that begins like this is a tar, or compressed in a way that tars are."""
    return looks_like_tar(head) or any(head.startswith(magic) for magic in _COMPRESSED)


def list_tar(path: Path, scratch: Path | None = None) -> Listing:
    """List a tar, plain or compressed. Its files stay readable, from many threads, until `close` of the listing.

    Args:
        path: the tar.
        scratch: folder for the nameless file; default: that of the system.

    Raises:
        DatasetError: it is no tar, is damaged, has too many members or unpacks to too much.
    """
    try:
        file: BinaryIO = path.open("rb")
    except OSError as exc:
        raise DatasetError(f"{path} cannot be opened: {exc.strerror or exc}.") from exc
    try:
        head = file.read(BLOCK)
        packing = next((name for magic, name in _COMPRESSED.items() if head.startswith(magic)), None)
        if packing is not None:
            with file as packed:
                file = _unpacked(packed, packing, path, scratch)
        return _listed(file, path)
    except BaseException:
        file.close()
        raise


class _Tar:
    """The files of an open tar, by number."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._offsets, self._sizes = array("Q"), array("Q")

    def keep(self, offset: int, size: int) -> None:
        """Give the next number to a member."""
        self._offsets.append(offset)
        self._sizes.append(size)

    def head(self, key: int, name: str, size: int) -> bytes:
        return self._bytes(key, name, size)

    def read(self, key: int, name: str, most: int | None) -> bytes:
        size = self._sizes[key]
        most = MAX_PICTURE_BYTES if most is None else most
        if size > most:
            raise too_large(name, most)
        data = self._bytes(key, name, size)
        if len(data) < size:
            raise DatasetError(f"{name} cannot be read from the tar: it is cut short.")
        return data

    def _bytes(self, key: int, name: str, most: int) -> bytes:
        try:
            with self._lock:
                self._file.seek(self._offsets[key])
                return self._file.read(min(self._sizes[key], most))
        except (OSError, ValueError) as exc:
            said = "the tar was closed" if self._file.closed else str(exc)
            raise DatasetError(f"{name} cannot be read from the tar: {said}.") from exc


def _listed(file: BinaryIO, path: Path) -> Listing:
    source = _Tar(file)
    listing = Listing(close=file.close)
    filing = Filing(listing)
    size = file.seek(0, 2)
    names: list[bytes] = []
    about: list[str | None] = []
    try:
        for member in read_members(file, size, archive.MAX_ENTRIES):
            source.keep(member.offset, member.size)
            names.append(member.name)
            about.append(member.reason)
    except DatasetError as exc:
        raise DatasetError(f"{path} is no tar that can be read ({exc}).") from exc
    encoding = guess_encoding(names)
    for key, raw in enumerate(names):
        name = raw.decode(encoding or "utf-8", "backslashreplace")
        if name.endswith("/"):
            filing.folder(name)
        else:
            filing.file(name, source, key, about[key])
    file.seek(max(0, size - BLOCK))
    if any(file.read(BLOCK)):
        listing.notes.append("The tar has no end mark. If files are missing, it was cut off.")
    return listing.in_order()


def _unpacked(packed: BinaryIO, packing: str, path: Path, scratch: Path | None) -> BinaryIO:
    """The tar itself, in a file without a name."""
    packed.seek(0)
    reader = _opener(packing, path)(packed)
    try:
        file = cast(BinaryIO, tempfile.TemporaryFile(dir=scratch))  # noqa: SIM115 - the listing closes it
    except OSError as exc:
        raise DatasetError(f"{path} cannot be unpacked beside: {exc.strerror or exc}.") from exc
    try:
        _pour(reader, file, path, packing)
    except BaseException:
        file.close()
        raise
    return file


def _pour(reader: BinaryIO, file: BinaryIO, path: Path, packing: str) -> None:
    """Unpack, counting the bytes that are really written."""
    most = archive.FREE_BYTES + archive.MAX_GROWTH * path.stat().st_size
    written = 0
    while piece := _piece(reader, path, packing):
        if not written and not looks_like_tar(piece):
            raise DatasetError(f"{path} is packed with {packing}, but what is inside is no tar.")
        written += len(piece)
        if written > most:
            raise DatasetError(f"{path} unpacks to more than {archive.MAX_GROWTH} times its size.")
        try:
            file.write(piece)
        except OSError as exc:
            raise DatasetError(f"{path} cannot be unpacked beside: {exc.strerror or exc}.") from exc


def _piece(reader: BinaryIO, path: Path, packing: str) -> bytes:
    try:
        return reader.read(_PIECE)
    except (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError, MemoryError) as exc:
        raise DatasetError(f"{path} is damaged or cut short: {packing} cannot unpack it to its end.") from exc


def _opener(packing: str, path: Path) -> Callable[[BinaryIO], BinaryIO]:
    if packing == "Zstandard":
        return _zstandard(path)
    openers: dict[str, Callable[[BinaryIO], Any]] = {
        "gzip": lambda file: gzip.GzipFile(fileobj=file),
        "bzip2": bz2.BZ2File,
        "xz": lzma.LZMAFile,
    }
    return openers[packing]


def _zstandard(path: Path) -> Callable[[BinaryIO], BinaryIO]:
    try:
        return cast(Callable[[BinaryIO], BinaryIO], importlib.import_module("compression.zstd").ZstdFile)
    except ImportError as exc:
        raise DatasetError(
            f"{path} is packed with Zstandard, which Python reads from 3.14 on; this is {platform.python_version()}. "
            "Pack it as .tar.gz or .zip instead."
        ) from exc
