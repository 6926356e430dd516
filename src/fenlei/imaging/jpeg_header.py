"""Read what a JPEG says about itself before its first scan: size, components, precision, orientation.

Sources: ITU-T T.81 annex B (markers), T.872 (the Adobe segment), JEITA CP-3451 (EXIF in APP1).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fenlei.imaging import exif, refusals

_MARKER = re.compile(rb"\xff+([\x01-\xfe])")  # what decoders look for: junk and FF 00 between segments are skipped
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers that carry no length
_START_OF_SCAN, _END = 0xDA, 0xD9
_APP1, _APP14 = 0xE1, 0xEE
_MAX_SEGMENTS = 4096  # 4 MiB of 64 KB segments are 64; this only bounds the time a hostile file can take


class JpegFacts(NamedTuple):
    """What the segments before the first scan say. `mode` is grey, ycbcr, rgb, cmyk, ycck or `N-component`."""

    width: int
    height: int
    bits: int
    mode: str
    progressive: bool
    lossless: bool
    adobe: bool
    orientation: int


def read(data: bytes) -> JpegFacts:
    """Read the segments up to the first scan; no pixel is decoded and nothing beyond `data` is touched.

    Raises:
        Refused: BAD_TYPE where no frame header with a size can be read.
    """
    frame: tuple[int, bytes] | None = None
    orientation: int | None = None
    adobe: int | None = None
    jfif = False
    at = 2
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.search(data, at)
        if found is None:
            break
        marker, at = found[1][0], found.end()
        if marker in _BARE:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if marker in (_START_OF_SCAN, _END) or length < 2:
            break
        if marker in _FRAMES and frame is None:
            frame = marker, data[at + 2 : at + length]
        elif marker == 0xE0 and data.startswith(b"JFIF", at + 2):
            jfif = True
        elif marker == _APP1 and orientation is None and data.startswith(b"Exif\0", at + 2):
            orientation = exif.orientation(data[at + 8 : at + length])
        elif marker == _APP14 and length >= 14 and data.startswith(b"Adobe", at + 2):
            adobe = data[at + 13] if at + 13 < len(data) else 0
        at += length

    if frame is None:
        raise refusals.no_header("JPEG", "没有找到帧头（SOF）", "it has no frame header (SOF)")
    marker, body = frame
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise refusals.no_header("JPEG", "帧头（SOF）不完整", "its frame header (SOF) is cut short")
    bits, count = body[0], body[5]
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    if width == 0 or height == 0:
        raise refusals.no_header(
            "JPEG", f"帧头中的尺寸为 {width}×{height}", f"its frame header gives {width}×{height} as the size"
        )
    return JpegFacts(
        width=width,
        height=height,
        bits=bits,
        mode=_mode(body[6 : 6 + 3 * count : 3], adobe, jfif),
        progressive=marker in _PROGRESSIVE,
        lossless=marker in _LOSSLESS,
        adobe=adobe is not None,
        orientation=orientation or 1,
    )


def _mode(components: bytes, adobe: int | None, jfif: bool) -> str:
    """Tell the colour space as libjpeg does: JFIF first, then Adobe's transform byte, then the component names."""
    if len(components) == 1:
        return "grey"
    if len(components) == 3:
        if jfif or (adobe is None and components != b"RGB"):
            return "ycbcr"
        return "ycbcr" if adobe else "rgb"
    if len(components) == 4:
        return "ycck" if adobe == 2 else "cmyk"
    return f"{len(components)}-component"
