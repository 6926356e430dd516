"""Decode a PNG with little memory: the inflated rows once, and everything after that band by band.

The zlib stream goes to Pillow's row decoder without its file plugin, so text chunks, profiles and animation frames are
never parsed. A 4096 × 4096 picture with alpha is 64 MiB there; composing it over white and shrinking it happens in
bands of a few rows, so that the whole decode stays far below 150 MB.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fenlei.imaging import refusals
from fenlei.imaging.colour import WHITE, high_byte, over_white, palette_over_white
from fenlei.imaging.errors import DECODER_ERRORS
from fenlei.imaging.header import Header
from fenlei.imaging.png_header import PngParts, read_parts
from fenlei.imaging.png_length import reaches, stream_bytes

_BAND_PIXELS = 1 << 20
_RAW = {
    ("1", 1): ("1", "1"), ("L", 2): ("L", "L;2"), ("L", 4): ("L", "L;4"), ("L", 8): ("L", "L"),
    ("I;16", 16): ("I;16", "I;16B"),
    ("RGB", 8): ("RGB", "RGB"), ("RGB", 16): ("RGB", "RGB;16B"),
    ("P", 1): ("P", "P;1"), ("P", 2): ("P", "P;2"), ("P", 4): ("P", "P;4"), ("P", 8): ("P", "P"),
    ("LA", 8): ("LA", "LA"), ("LA", 16): ("RGBA", "LA;16B"),
    ("RGBA", 8): ("RGBA", "RGBA"), ("RGBA", 16): ("RGBA", "RGBA;16B"),
}  # fmt: skip
"""Pillow's names for each layout: of the picture in memory, and of the rows in the stream."""

_UNTOUCHED: dict[str, int | tuple[int, ...]] = {
    "1": 1, "L": 113, "P": 255, "I;16": 0x7117, "LA": (113, 17), "RGB": (113, 17, 211), "RGBA": (113, 17, 211, 19),
}  # fmt: skip
"""What the picture is painted with before decoding. Pillow's row decoder is content with a stream that ends early in
good order; rows that never came are known by this colour."""


def decode_png(data: bytes, header: Header, at_least: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Decode the default image to RGB as stored, not yet upright, shrunk by a whole number while both sides stay long
    enough. Shrinking is a plain mean of squares, after transparency is laid over white.

    Args:
        data: the file.
        header: what `read_header` said about it.
        at_least: (height, width) in stored coordinates that the result must reach where the picture does; None for
            full size.

    Returns:
        (height, width, 3) uint8.

    Raises:
        Refused: BAD_TYPE where the file does not decode to its last row.
    """
    parts = read_parts(data)
    if header.mode == "P" and not parts.palette:
        raise refusals.broken("PNG", "缺少调色板（PLTE）", "its palette (PLTE) is absent")
    mode, raw = _RAW[header.mode, header.bits]
    size = (header.width, header.height)
    try:
        image = Image.new(mode, size, _UNTOUCHED[mode])
        image.frombytes(parts.stream, "zip", raw, int(header.progressive))
    except DECODER_ERRORS as exc:
        raise refusals.cut_short("PNG") from exc
    if (header.progressive or _is_untouched(image)) and not reaches(parts.stream, stream_bytes(header)):
        raise refusals.cut_short("PNG")
    return _in_bands(image, header, parts, shrink_for(*size, at_least))


def shrink_for(width: int, height: int, at_least: tuple[int, int] | None) -> int:
    """The largest whole divisor that leaves a picture of this size at least (height, width)."""
    if at_least is None:
        return 1
    return max(1, min(height // max(1, at_least[0]), width // max(1, at_least[1])))


def _is_untouched(image: Image.Image) -> bool:
    """Whether the last row may be one that never came."""
    row = np.asarray(image.crop((0, image.height - 1, *image.size)))
    return bool((row == np.array(_UNTOUCHED[image.mode])).all())


def _in_bands(image: Image.Image, header: Header, parts: PngParts, shrink: int) -> NDArray[np.uint8]:
    width, height = image.size
    out = np.empty((-(-height // shrink), -(-width // shrink), 3), np.uint8)
    rows = max(1, _BAND_PIXELS // (width * shrink)) * shrink
    table = palette_over_white(parts.palette or b"", parts.transparency or b"") if header.mode == "P" else b""
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        band = image if bottom - top == height else image.crop((0, top, width, bottom))
        flat = _flatten(band, header, parts.transparency, table)
        if shrink > 1:
            flat = flat.reduce(shrink)
        pixels = np.asarray(flat)
        out[top // shrink : -(-bottom // shrink)] = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return out


def _flatten(band: Image.Image, header: Header, transparency: bytes | None, table: bytes) -> Image.Image:
    """Bring a band to opaque L or RGB."""
    if header.mode == "P":
        band.putpalette(table)
        return band.convert("RGB")
    if header.mode in ("LA", "RGBA"):
        return over_white(band)
    if header.mode == "RGB":
        return _without_key(band, transparency[:6] if transparency else b"", header.bits)
    key = int.from_bytes(transparency[:2], "big") if transparency and len(transparency) >= 2 else -1
    if header.mode == "I;16":
        samples = np.asarray(band)
        grey = high_byte(samples)
    else:
        samples = np.asarray(band.convert("L"))
        grey = samples
        key = key * 255 // ((1 << header.bits) - 1) if key >= 0 else key
    if key < 0:
        return Image.fromarray(grey)
    return Image.fromarray(np.where(samples == key, np.uint8(WHITE), grey))


def _without_key(band: Image.Image, key: bytes, bits: int) -> Image.Image:
    """Make the one transparent colour of an RGB picture white. Of 16-bit colours the high bytes are compared."""
    if len(key) < 6:
        return band
    colour = np.frombuffer(key[0:6:2] if bits == 16 else key[1:6:2], np.uint8)
    pixels = np.array(band)
    pixels[(pixels == colour).all(axis=2)] = WHITE
    return Image.fromarray(pixels)
