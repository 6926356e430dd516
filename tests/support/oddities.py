"""Odd but legal, and illegal, picture files, put together by hand."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.support.drawing import pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def exif_block(orientation: int, order: str = "<") -> bytes:
    """A TIFF structure with one entry: the orientation."""
    start = b"II*\x00" if order == "<" else b"MM\x00*"
    return start + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def jpeg_segment(marker: int, body: bytes) -> bytes:
    """One JPEG segment with its length."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    """A JPEG with one more segment, right after its first marker."""
    return jpeg[:2] + jpeg_segment(marker, body) + jpeg[2:]


def without_segment(jpeg: bytes, marker: int) -> bytes:
    """A JPEG without its segments of this marker."""
    at = 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] == marker:
            return without_segment(jpeg[:at] + jpeg[end:], marker)
        at = end
    return jpeg


def turned(jpeg: bytes, orientation: int, order: str = "<") -> bytes:
    """A JPEG that carries this EXIF orientation."""
    return with_segment(jpeg, 0xE1, b"Exif\0\0" + exif_block(orientation, order))


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def ihdr(width: int, height: int, bits: int, colour: int, interlace: int = 0) -> bytes:
    """The first chunk of a PNG."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace))


def raw_png(samples: NDArray[np.generic], colour: int, bits: int = 8, extra: Iterable[bytes] = ()) -> bytes:
    """A PNG written by hand, every row unfiltered.

    Args:
        samples: (h, w) or (h, w, channels) of type uint8, or uint16 where `bits` is 16.
        colour: PNG colour type.
        bits: 8 or 16.
        extra: chunks between IHDR and IDAT.
    """
    height, width = samples.shape[:2]
    rows = samples.astype(">u2" if bits == 16 else "u1").reshape(height, -1)
    stream = b"".join(b"\0" + row.tobytes() for row in rows)
    idat = chunk(b"IDAT", zlib.compress(stream, 1))
    return SIGNATURE + ihdr(width, height, bits, colour) + b"".join(extra) + idat + chunk(b"IEND", b"")


def blank_png(width: int, height: int, colour: int, bits: int, extra: Iterable[bytes] = ()) -> bytes:
    """A black PNG of any size, made with little memory."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = b"\0" + bytes(-(-width * channels * bits // 8))
    packer = zlib.compressobj(1)
    stream = b"".join([packer.compress(row) for _ in range(height)] + [packer.flush()])
    parts = [SIGNATURE, ihdr(width, height, bits, colour), *extra, chunk(b"IDAT", stream), chunk(b"IEND", b"")]
    return b"".join(parts)


def apng(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bytes:
    """An animated PNG of two frames; the first is the default image."""
    height, width = first.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in second.reshape(height, -1))
    control = struct.pack(">IIIIHHBB", width, height, 0, 0, 1, 10, 0, 0)
    still = raw_png(
        first, 2, extra=[chunk(b"acTL", struct.pack(">II", 2, 0)), chunk(b"fcTL", struct.pack(">I", 0) + control)]
    )
    frame = chunk(b"fcTL", struct.pack(">I", 1) + control)
    frame += chunk(b"fdAT", struct.pack(">I", 2) + zlib.compress(rows))
    return still[:-12] + frame + still[-12:]


def mpo(width: int, height: int) -> bytes:
    """A JPEG file of two pictures, as 3D cameras and telephones write; seeds 0 and 1."""
    out = io.BytesIO()
    first, second = (Image.fromarray(pixels(width, height, seed)) for seed in (0, 1))
    first.save(out, "MPO", save_all=True, append_images=[second], quality=95)
    return out.getvalue()


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    """A file of any format that Pillow writes."""
    out = io.BytesIO()
    image.save(out, name, **options)
    return out.getvalue()
