"""The table of contents of a zip, read entry by entry.

`zipfile` keeps some six hundred bytes of each entry and takes seven seconds for a million of them, whatever one wants
of them. Only the table is believed here, never the headers beside the files.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from fenlei.datasets.found import DatasetError

_END = struct.Struct("<4s4H2LH")
_END64_AT = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_MOST_COMMENT = 65_535
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
_OPEN_END = 0xFFFFFFFF

UTF8_FLAG = 0x800
ENCRYPTED_FLAG = 0x1


class Record(NamedTuple):
    """One entry as the table has it.

    Attributes:
        name: as bytes, in UTF-8 where the flags say so or the writer added it (Info-ZIP does).
        packed: bytes in the zip.
        size: bytes it claims to unpack to.
        offset: of its header in the file.
        attributes: Unix mode in the upper half, if it was made on Unix.
    """

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    attributes: int


def read_directory(file: BinaryIO, most: int) -> Iterator[Record]:
    """The entries of a zip, in the order of its table.

    Args:
        file: the zip.
        most: how many entries it may have.

    Raises:
        DatasetError: it is no zip, is damaged, or has more entries; the message has no subject and no full stop.
    """
    start, length, shift = _place(file)
    file.seek(start)
    left = length
    count = 0
    while left > 0:
        count += 1
        if count > most:
            raise DatasetError(f"it has more than {most} entries")
        fixed = file.read(_ENTRY.size)
        if len(fixed) < _ENTRY.size or not fixed.startswith(b"PK\x01\x02"):
            raise DatasetError("its table of contents is damaged")
        (_, _, _, flags, method, _, _, crc, packed, size, names, extras, comments, _, _, attributes, offset) = (
            _ENTRY.unpack(fixed)
        )
        rest = file.read(names + extras + comments)
        if len(rest) < names + extras + comments:
            raise DatasetError("its table of contents is cut short")
        left -= _ENTRY.size + len(rest)
        record = Record(rest[:names], flags, method, crc, packed, size, offset, attributes)
        if extras:
            record = _with_extras(record, rest[names : names + extras])
        yield record._replace(offset=record.offset + shift) if shift else record


def _place(file: BinaryIO) -> tuple[int, int, int]:
    """Where the table begins, how long it is, and by how much offsets are off because something lies before the zip."""
    whole = file.seek(0, 2)
    tail_at = max(0, whole - _END.size - _MOST_COMMENT)
    file.seek(tail_at)
    tail = file.read()
    found = _end(tail)
    if found is None:
        file.seek(0)
        begun = file.read(4) == b"PK\x03\x04"
        raise DatasetError("its end is missing; was it cut off?" if begun else "it has no table of contents")
    _, disk, first_disk, _, _, length, start, _ = _END.unpack_from(tail, found)
    end = tail_at + found
    locator = end - _END64_AT.size
    if locator >= 0:
        file.seek(locator)
        signature, _, claimed, disks = _END64_AT.unpack(file.read(_END64_AT.size))
        if signature == b"PK\x06\x07":
            if disks > 1:
                raise DatasetError("it is one of several parts")
            end = _end64(file, claimed, locator)
            _, _, _, _, disk, first_disk, _, _, length, start = _END64.unpack(_exactly(file, end, _END64.size))
    if disk or first_disk:
        raise DatasetError("it is one of several parts")
    shift = end - length - start
    if shift < 0:
        raise DatasetError("its table of contents is not where its end says")
    return start + shift, length, shift


def _end(tail: bytes) -> int | None:
    """Where in the last bytes of the file the end of the zip begins. Its comment may hold what looks like one."""
    places = []
    at = tail.rfind(b"PK\x05\x06", 0, len(tail) - _END.size + 4)
    while at >= 0:
        places.append(at)
        if at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail):
            return at
        at = tail.rfind(b"PK\x05\x06", 0, at)
    return places[0] if places else None


def _end64(file: BinaryIO, claimed: int, locator: int) -> int:
    for place in (claimed, locator - _END64.size):
        if 0 <= place <= locator - _END64.size and _exactly(file, place, 4) == b"PK\x06\x06":
            return place
    raise DatasetError("its end is damaged")


def _exactly(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    data = file.read(size)
    if len(data) < size:
        raise DatasetError("its end is damaged")
    return data


def _with_extras(record: Record, extra: bytes) -> Record:
    """The record with numbers that are too large for their fields, and with its name in UTF-8."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        data = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == _ZIP64:
            wide = [number for (number,) in struct.iter_unpack("<Q", data[: len(data) // 8 * 8])]
            numbers = [record.size, record.packed, record.offset]
            for position, number in enumerate(numbers):
                if number == _OPEN_END:
                    if not wide:
                        raise DatasetError("its table of contents is damaged")
                    numbers[position] = wide.pop(0)
            record = record._replace(size=numbers[0], packed=numbers[1], offset=numbers[2])
        elif kind == _UNICODE_PATH and data[:5] == b"\x01" + struct.pack("<L", zlib.crc32(record.name)):
            record = record._replace(name=data[5:], flags=record.flags | UTF8_FLAG)
    return record
