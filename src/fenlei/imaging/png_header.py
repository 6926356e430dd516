"""Read a PNG's chunks: size, sample layout and orientation for the header, and the parts that hold the pixels.

Source: W3C Portable Network Graphics, third edition. Only what pixels need is ever looked at: text, profiles and
animation frames are stepped over, so a text chunk that would swell to gigabytes stays the few bytes that it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from fenlei.contract.errors import Refused
from fenlei.imaging import exif, refusals

_START = 8
_MAX_CHUNKS = 1 << 18  # only bounds the time a hostile file can take
_LAYOUTS = {
    (1, 0): "1", (2, 0): "L", (4, 0): "L", (8, 0): "L", (16, 0): "I;16",
    (8, 2): "RGB", (16, 2): "RGB",
    (1, 3): "P", (2, 3): "P", (4, 3): "P", (8, 3): "P",
    (8, 4): "LA", (16, 4): "LA",
    (8, 6): "RGBA", (16, 6): "RGBA",
}  # fmt: skip
"""Legal pairs of bit depth and colour type, by the names Pillow gives them."""


class PngFacts(NamedTuple):
    """What IHDR and eXIf say."""

    width: int
    height: int
    bits: int
    mode: str
    interlaced: bool
    orientation: int


class PngParts(NamedTuple):
    """What pixels are made of: the palette, the transparency chunk, and the joined zlib stream."""

    palette: bytes | None
    transparency: bytes | None
    stream: bytes


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    end: int


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Walk the chunks that lie wholly inside `data`; stop at IEND, at the first that does not, or at a name that is
    no name."""
    at = _START
    for _ in range(_MAX_CHUNKS):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 8 + length
        if end + 4 > len(data) or not kind.isalpha():
            return
        yield _Chunk(kind, at + 8, end)
        if kind == b"IEND":
            return
        at = end + 4


def _is_sound(data: bytes, chunk: _Chunk) -> bool:
    checksum = zlib.crc32(memoryview(data)[chunk.start - 4 : chunk.end])
    return checksum == int.from_bytes(data[chunk.end : chunk.end + 4], "big")


def read(data: bytes) -> PngFacts:
    """Read IHDR, and the orientation from eXIf where there is one; no pixel is decoded.

    Raises:
        Refused: BAD_TYPE where IHDR is absent, damaged, or says something the format does not know.
    """
    chunks = _chunks(data)
    first = next(chunks, None)
    if first is None or first.kind != b"IHDR" or first.end - first.start != 13 or not _is_sound(data, first):
        raise refusals.no_header("PNG", "IHDR 数据块缺失或已损坏", "its IHDR chunk is absent or damaged")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    bits, colour, compression, filtering, interlace = data[24:29]
    mode = _LAYOUTS.get((bits, colour))
    if mode is None or compression or filtering or interlace > 1 or not 0 < width < 1 << 31 or not 0 < height < 1 << 31:
        raise refusals.no_header("PNG", "IHDR 数据块的内容无效", "its IHDR chunk holds values that PNG does not know")
    orientation = next((_orientation(data[c.start : c.end]) for c in chunks if c.kind == b"eXIf"), 1)
    return PngFacts(width, height, bits, mode, bool(interlace), orientation)


def _orientation(block: bytes) -> int:
    return exif.orientation(block.removeprefix(b"Exif\0\0"))  # some writers keep JPEG's prefix


def read_parts(data: bytes) -> PngParts:
    """Gather what the pixels of the default image are made of, with every checksum verified.

    Raises:
        Refused: BAD_TYPE where a chunk is cut off or fails its checksum, or where no pixel data is there.
    """
    palette = transparency = None
    stream: list[memoryview] = []
    view = memoryview(data)
    last = b""
    for chunk in _chunks(data):
        if chunk.kind in (b"PLTE", b"tRNS", b"IDAT") and not _is_sound(data, chunk):
            raise _damaged(chunk.kind)
        if chunk.kind == b"PLTE":
            palette = data[chunk.start : chunk.end]
        elif chunk.kind == b"tRNS":
            transparency = data[chunk.start : chunk.end]
        elif chunk.kind == b"IDAT" and (not stream or last == b"IDAT"):  # a later run belongs to no picture
            stream.append(view[chunk.start : chunk.end])
        last = chunk.kind
    if not stream:
        raise refusals.broken("PNG", "没有像素数据（IDAT）", "it holds no pixel data (IDAT)")
    if last != b"IEND":
        raise refusals.broken("PNG", "文件在结束标记（IEND）之前中断", "the file breaks off before its end mark (IEND)")
    return PngParts(palette, transparency, b"".join(stream))


def _damaged(kind: bytes) -> Refused:
    name = kind.decode("ascii")
    return refusals.broken("PNG", f"数据块 {name} 校验失败", f"its {name} chunk fails the checksum")
