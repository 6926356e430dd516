"""The headers of a tar, one after the other, with nothing believed that costs memory.

`tarfile` reads name records of any size into memory and keeps every member: a small archive can ask for gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from fenlei.datasets.found import DatasetError

BLOCK = 512
_MOST_RECORD = 1 << 20

_LONG_NAME, _LONG_LINK, _PAX, _PAX_ALL, _HOLES = b"L", b"K", b"xX", b"g", b"S"
_RECORDS = _LONG_NAME + _LONG_LINK + _PAX + _PAX_ALL
_FILES = b"07\0"
_WITHOUT_BYTES = b"123456"
_REASONS = {
    b"1": "it is a link to another file of the tar; links are not followed, put the file itself here",
    b"2": "it is a link; links in a tar are not followed",
}


class Member(NamedTuple):
    """One file or folder.

    Attributes:
        name: its path, in whatever encoding; a folder's ends in `/`.
        reason: why it cannot be read, or None.
        offset: of its bytes in the tar.
        size: how many they are.
    """

    name: bytes
    reason: str | None
    offset: int
    size: int


def looks_like_tar(head: bytes) -> bool:
    """Whether the first block of a file is a tar header, by its checksum."""
    block = head[:BLOCK]
    return len(block) == BLOCK and _checksum_fits(block)


def read_members(file: BinaryIO, size: int, most: int) -> Iterator[Member]:
    """The members of a tar, in order.

    Args:
        file: positioned anywhere.
        size: of the file in bytes.
        most: how many members it may have.

    Raises:
        DatasetError: it is damaged, cut short or has more members; no subject, no full stop.
    """
    at = count = 0
    name: bytes | None = None
    told: dict[bytes, bytes] = {}
    while at + BLOCK <= size:
        file.seek(at)
        header = file.read(BLOCK)
        if header.count(0) == BLOCK:
            return
        if not _checksum_fits(header):
            raise DatasetError("it is damaged")
        kind, start = header[156:157], at + BLOCK
        length = _number(header[124:136])
        if kind in _RECORDS:
            at = _after(start, length, size)
            if length > _MOST_RECORD:
                raise DatasetError("it holds a name of more than a megabyte")
            record = file.read(length)
            if kind == _LONG_NAME:
                name = record.partition(b"\0")[0]
            elif kind in _PAX:
                told = _pax(record)
            continue
        if kind == _HOLES:
            start = _after_map(file, header, start)
        if told.get(b"size", b"").isdigit():
            length = int(told[b"size"])
        elif kind in _WITHOUT_BYTES:
            length = 0
        full = told.get(b"path", name if name is not None else _short_name(header))
        if kind == b"5" and not full.endswith(b"/"):
            full += b"/"
        reason = _REASONS.get(kind)
        if kind == _HOLES or any(key.startswith(b"GNU.sparse") for key in told):
            reason = "it is stored with holes, which is not read here"
        elif reason is None and kind not in _FILES and kind != b"5":
            reason = "it is no regular file"
        at = _after(start, length, size)
        count += 1
        if count > most:
            raise DatasetError(f"it has more than {most} members")
        yield Member(full, reason, start, length)
        name, told = None, {}
    if at < size:
        raise DatasetError("it is cut short")


def _checksum_fits(header: bytes) -> bool:
    try:
        claimed = int(header[148:156].partition(b"\0")[0].strip() or b"0", 8)
    except ValueError:
        return False
    plain = sum(header) - sum(header[148:156]) + 8 * 32
    # Some old programs took bytes for signed numbers.
    return claimed == plain or claimed == plain - 256 * sum(byte > 127 for byte in header[:148] + header[156:])


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        number = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        if field[0] == 0xFF or number >= 1 << 62:
            raise DatasetError("it is damaged")
        return number
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError as exc:
        raise DatasetError("it is damaged") from exc


def _short_name(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _pax(record: bytes) -> dict[bytes, bytes]:
    """Lines of `length key=value`, the length in bytes with itself and the line break."""
    said: dict[bytes, bytes] = {}
    at = 0
    while at < len(record):
        digits, _, _ = record[at : at + 20].partition(b" ")
        if not digits.isdigit() or not 0 < int(digits) <= len(record) - at:
            break
        key, _, value = record[at + len(digits) + 1 : at + int(digits) - 1].partition(b"=")
        said[key] = value
        at += int(digits)
    return said


def _after(start: int, length: int, size: int) -> int:
    """Where the next header begins."""
    if start + length > size:
        raise DatasetError("it is cut short")
    return start + -(-length // BLOCK) * BLOCK


def _after_map(file: BinaryIO, header: bytes, start: int) -> int:
    """Where the bytes of a file with holes begin: behind as many blocks as its map needs."""
    more = header[482]
    while more:
        file.seek(start)
        block = file.read(BLOCK)
        if len(block) < BLOCK:
            raise DatasetError("it is cut short")
        more = block[504]
        start += BLOCK
    return start
