"""The contract's limits on a picture, checked cheap before dear: bytes, type, pixels, ratio."""

from __future__ import annotations

from fenlei.contract.limits import MAX_FILE_BYTES, MAX_RATIO, MAX_SIDE, MIN_SIDE
from fenlei.imaging import refusals
from fenlei.imaging.header import Header, read_header


def check(data: bytes) -> Header:
    """Check a picture file against the contract's limits; no pixel is decoded.

    Returns:
        The header, so that nobody has to read it twice.

    Raises:
        Refused: TOO_LARGE, BAD_TYPE, BAD_PIXELS or BAD_RATIO: the first of them, in this order, that applies.
    """
    if len(data) > MAX_FILE_BYTES:
        raise refusals.too_large(len(data))
    header = read_header(data)
    width, height = header.upright_size
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_SIDE:
        raise refusals.bad_pixels(width, height)
    if max(width, height) > MAX_RATIO * min(width, height):
        raise refusals.bad_ratio(width, height)
    return header
