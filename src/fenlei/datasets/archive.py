"""The files of a zip, read in place: nothing is unpacked, so no name in it can reach the disk."""

from __future__ import annotations

import stat
import threading
import zlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from fenlei.datasets.encoding import guess_encoding
from fenlei.datasets.found import MAX_PICTURE_BYTES, DatasetError, too_large
from fenlei.datasets.listing import Filing, Listing
from fenlei.datasets.unpacking import unpack
from fenlei.datasets.zip_directory import ENCRYPTED_FLAG, UTF8_FLAG, Record, read_directory

MAX_ENTRIES = 2_000_000
MAX_GROWTH = 100
"""What all files together may unpack to, as a multiple of the zip's size, beside `FREE_BYTES`. Pictures hardly
shrink in a zip (uncompressed bitmaps of drawings at most some thirty times), so more is a bomb."""
FREE_BYTES = 1024**3

_LOCAL_HEADER = 30
_BEYOND = 1 << 62


def list_archive(path: Path) -> Listing:
    """List a zip. Its files stay readable, from many threads, until `close` of the listing.

    Raises:
        DatasetError: it is no zip, is damaged, or has too many entries.
    """
    try:
        file = path.open("rb")
    except OSError as exc:
        raise DatasetError(f"{path} cannot be opened: {exc.strerror or exc}.") from exc
    try:
        return _listed(file, path)
    except BaseException:
        file.close()
        raise


def decode_names(records: Sequence[tuple[bytes, int]]) -> list[str]:
    """The entries' paths as text, with `/`. Names marked as UTF-8 are; the others are one encoding for the whole
    archive: UTF-8 (macOS writes it without the mark), GBK (Chinese Windows), or the cp437 of the standard.

    Args:
        records: name and flags of each entry.
    """
    encoding = guess_encoding([name for name, flags in records if not flags & UTF8_FLAG]) or "cp437"
    names = []
    for name, flags in records:
        text = name.decode("utf-8", "backslashreplace") if flags & UTF8_FLAG else name.decode(encoding)
        names.append(text.partition("\0")[0].replace("\\", "/"))
    return names


class _Zip:
    """The packed files of an open zip, by number. What each unpacks to is counted against one budget."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._budget = _Budget(FREE_BYTES + MAX_GROWTH * size)
        self._offsets, self._packed, self._sizes = array("Q"), array("Q"), array("Q")
        self._checksums, self._methods = array("L"), array("H")

    def keep(self, record: Record) -> None:
        """Give the next number to an entry."""
        self._offsets.append(min(record.offset, _BEYOND))
        self._packed.append(record.packed)
        self._sizes.append(record.size)
        self._checksums.append(record.crc)
        self._methods.append(record.method)

    def head(self, key: int, name: str, size: int) -> bytes:
        return self._unpack(key, name, size)

    def read(self, key: int, name: str, most: int | None) -> bytes:
        size = self._sizes[key]
        most = MAX_PICTURE_BYTES if most is None else most
        if size > most:
            raise too_large(name, most)
        if not self._budget.spend(key, size):
            raise DatasetError(f"{name} is left unread: the zip unpacks to more than {MAX_GROWTH} times its size.")
        # The size in a zip is a claim; one byte more than is claimed is all that a liar costs.
        data = self._unpack(key, name, size + 1)
        if len(data) != size:
            told = "it is cut short" if len(data) < size else "it is larger than the zip says"
            raise DatasetError(f"{name} cannot be read from the zip: {told}.")
        if zlib.crc32(data) != self._checksums[key]:
            raise DatasetError(f"{name} cannot be read from the zip: its checksum is wrong.")
        return data

    def _unpack(self, key: int, name: str, most: int) -> bytes:
        try:
            place = self._place(key)

            def read(size: int) -> bytes:
                nonlocal place
                data = self._bytes(place, size)
                place += len(data)
                return data

            return unpack(read, self._methods[key], self._packed[key], self._sizes[key], most)
        except DatasetError as exc:
            raise DatasetError(f"{name} cannot be read from the zip: {exc}.") from exc
        except (OSError, ValueError) as exc:
            said = "the zip was closed" if self._file.closed else str(exc)
            raise DatasetError(f"{name} cannot be read from the zip: {said}.") from exc

    def _place(self, key: int) -> int:
        """Where the packed bytes begin: behind a header that says how long its own name is."""
        header = self._bytes(self._offsets[key], _LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise DatasetError("it is not where the table of contents says")
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        return self._offsets[key] + _LOCAL_HEADER + lengths

    def _bytes(self, place: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(place)
            return self._file.read(size)


class _Budget:
    """Bytes that may still be unpacked; what an entry costs is counted once, however often it is read."""

    def __init__(self, total: int) -> None:
        self._left = total
        self._paid: set[int] = set()
        self._lock = threading.Lock()

    def spend(self, entry: int, amount: int) -> bool:
        """Whether this entry may be unpacked. One that may not costs nothing: smaller ones after it still may."""
        with self._lock:
            if entry in self._paid:
                return True
            if amount > self._left:
                return False
            self._paid.add(entry)
            self._left -= amount
            return True


def _listed(file: BinaryIO, path: Path) -> Listing:
    source = _Zip(file, path.stat().st_size)
    listing = Listing(close=file.close)
    filing = Filing(listing)
    names: list[tuple[bytes, int]] = []
    about: list[str | None] = []
    try:
        for record in read_directory(file, MAX_ENTRIES):
            source.keep(record)
            names.append((record.name, record.flags))
            about.append(_why_unread(record))
    except DatasetError as exc:
        raise DatasetError(
            f"{path} is no zip that can be read ({exc}). Give a folder of class folders, or a zip or tar of one."
        ) from exc
    for key, name in enumerate(decode_names(names)):
        if name.endswith("/"):
            if about[key] is None:
                filing.folder(name)
        else:
            filing.file(name, source, key, about[key])
    return listing.in_order()


def _why_unread(record: Record) -> str | None:
    kind = stat.S_IFMT(record.attributes >> 16)
    if kind == stat.S_IFLNK:
        return "it is a link; links in a zip are not followed"
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "it is no regular file"
    if record.flags & ENCRYPTED_FLAG:
        return "it is encrypted"
    return None
