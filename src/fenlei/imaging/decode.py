"""Bytes in, upright RGB out: the one decode of training and serving.

Memory and time are bounded before the first pixel: what a decoder will have to hold follows from the header.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fenlei.imaging import refusals
from fenlei.imaging.header import Header, read_header
from fenlei.imaging.jpeg import decode_jpeg, scale_for
from fenlei.imaging.png import decode_png, shrink_for

MAX_PIXELS = 200_000_000
"""Pixels of the largest picture ever decoded; larger ones are taken for bombs. Prediction requests end long before."""

MAX_HELD_BYTES = 400 * 1024 * 1024
"""Bytes a decoder may have to hold at once. Training only: the contract's limits keep requests below 150 MB."""


def decode(data: bytes, at_least: tuple[int, int] | None = None, header: Header | None = None) -> NDArray[np.uint8]:
    """Decode a JPEG or PNG to upright RGB; every orientation, colour model and bit depth comes out the same way.

    Safe to call from many threads at once; the decoders run without the interpreter lock.

    Args:
        data: the file.
        at_least: (height, width) of the upright picture that the result must reach where the picture does. The decoder
            may then leave out detail beyond it, which is much cheaper. None decodes every pixel.
        header: what `read_header` or `check` said about this very file, to save reading it again.

    Returns:
        (height, width, 3) uint8, C-contiguous.

    Raises:
        Refused: BAD_TYPE where the content is neither JPEG nor PNG, is damaged before its last row, is of a kind that
            cannot be decoded, or would need more memory than one picture may take.
    """
    header = header or read_header(data)
    stored = (at_least[1], at_least[0]) if at_least and header.on_its_side else at_least
    is_jpeg = header.format == "JPEG"
    divisor = (scale_for if is_jpeg else shrink_for)(header.width, header.height, stored)
    if header.width * header.height > MAX_PIXELS or _held_bytes(header, divisor) > MAX_HELD_BYTES:
        raise refusals.too_heavy(*header.upright_size)
    return upright((decode_jpeg if is_jpeg else decode_png)(data, header, stored), header.orientation)


def _held_bytes(header: Header, divisor: int) -> int:
    """What decoding holds at once: the result, and for PNG every pixel, for a progressive JPEG every coefficient."""
    pixels = header.width * header.height
    result = 3 * pixels // (divisor * divisor)
    if header.format == "PNG":
        per_pixel = {"1": 1, "L": 1, "P": 1, "I;16": 2}.get(header.mode, 4)
        return result + per_pixel * pixels
    components = {"grey": 1, "cmyk": 4, "ycck": 4}.get(header.mode, 3)
    return result + (2 * components * pixels if header.progressive else 0)


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn and mirror as EXIF orientation 1 to 8 asks (JEITA CP-3451, tag 274)."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
