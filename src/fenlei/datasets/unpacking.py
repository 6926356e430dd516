"""The bytes of one packed file of a zip: counted as they come out, never more than are asked for."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from fenlei.datasets.found import DatasetError

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
_NAMES = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES"}
_BLOCK = 1 << 16


class _Opener(Protocol):
    """Bytes in, at most so many bytes out, the rest when asked again."""

    @property
    def eof(self) -> bool: ...

    def more(self, data: bytes, most: int) -> bytes: ...

    @property
    def hungry(self) -> bool: ...


def unpack(read: Callable[[int], bytes], method: int, packed: int, size: int, most: int) -> bytes:
    """The first bytes of a packed file, at most `most`.

    Args:
        read: gives the next packed bytes, at most so many.
        method: number of the way it was packed.
        packed: how many packed bytes there are.
        size: how many bytes it claims to unpack to.
        most: stop there.

    Raises:
        DatasetError: it is packed in a way not known here, or is damaged; no subject, no full stop.
    """
    if method == STORED:
        return read(min(packed, most))
    left = packed
    if method == LZMA:
        header = read(9)
        left -= len(header)
    try:
        opener = _opener(method, header if method == LZMA else b"", size)
        out = bytearray()
        while len(out) < most and not opener.eof:
            block = read(min(_BLOCK, left)) if opener.hungry else b""
            left -= len(block)
            if opener.hungry and not block:
                break
            out += opener.more(block, most - len(out))
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError) as exc:
        raise DatasetError("it is damaged") from exc
    return bytes(out)


def _opener(method: int, header: bytes, size: int) -> _Opener:
    if method == DEFLATED:
        return _Deflate()
    if method == BZIP2:
        return _Other(bz2.BZ2Decompressor())
    if method == LZMA:
        return _Other(_raw_lzma(header, size))
    named = _NAMES.get(method, f"method {method}")
    raise DatasetError(f"it is packed with {named}, which is not read here; pack it as an ordinary zip (Deflate)")


def _raw_lzma(header: bytes, size: int) -> lzma.LZMADecompressor:
    """What precedes LZMA in a zip: version (2 bytes), length (2), properties (5)."""
    if len(header) < 9:
        raise ValueError("cut short")
    numbers, dictionary = header[4], int.from_bytes(header[5:9], "little")
    return lzma.LZMADecompressor(
        lzma.FORMAT_RAW,
        filters=[
            {
                "id": lzma.FILTER_LZMA1,
                # More than the file itself is never looked back: a claim of gigabytes costs nothing.
                "dict_size": max(4096, min(dictionary, size)),
                "lc": numbers % 9,
                "lp": numbers // 9 % 5,
                "pb": numbers // 45,
            }
        ],
    )


class _Deflate:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(-15)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def hungry(self) -> bool:
        return not self._inner.unconsumed_tail

    def more(self, data: bytes, most: int) -> bytes:
        return self._inner.decompress(data or self._inner.unconsumed_tail, most)


class _Other:
    def __init__(self, inner: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._inner = inner

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def hungry(self) -> bool:
        return self._inner.needs_input

    def more(self, data: bytes, most: int) -> bytes:
        return self._inner.decompress(data, most)
