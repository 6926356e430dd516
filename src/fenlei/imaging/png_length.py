"""How long the inflated rows of a PNG must be, and whether a stream gets there."""

from __future__ import annotations

import zlib

from fenlei.imaging.header import Header

_CHANNELS = {"LA": 2, "RGB": 3, "RGBA": 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column, first row, step across and step down of the seven passes of an interlaced picture."""
_PIECE = 1 << 20


def stream_bytes(header: Header) -> int:
    """Bytes of all filtered rows, each with its filter byte; an interlaced picture has seven smaller ones inside."""
    passes = _ADAM7 if header.progressive else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = -(-(header.width - left) // across), -(-(header.height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + -(-columns * header.bits * _CHANNELS.get(header.mode, 1) // 8))
    return total


def reaches(stream: bytes, wanted: int) -> bool:
    """Whether a zlib stream inflates to at least `wanted` bytes. Never holds more than a megabyte of them."""
    inflater = zlib.decompressobj()
    found, rest = 0, stream
    try:
        while found < wanted and not inflater.eof:
            piece = inflater.decompress(rest, _PIECE)
            rest = inflater.unconsumed_tail
            if not piece and not rest:
                break
            found += len(piece)
    except zlib.error:
        return False
    return found >= wanted
