"""Decode a JPEG: strictly by libjpeg-turbo, and by Pillow's own build of it what the strict one will not judge.

A broken file must never be answered with a prediction on half a picture, and a harmless oddity (junk between two
segments, an unusual sampling of the colours) must not be refused. So the strict decoder has the first word. Where it
objects, Pillow's decoder is handed the whole stream and has to reach the last row. One kind of half a picture gets past
that: a stream cut in the middle and closed with an end mark, whose missing rows libjpeg paints grey. It is recognised
by the strict decoder's complaint together with a grey last pixel.
"""

from __future__ import annotations

import re

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from fenlei.imaging import refusals
from fenlei.imaging.colour import cmyk_to_rgb
from fenlei.imaging.errors import DECODER_ERRORS
from fenlei.imaging.header import Header

_SCALES = (8, 4, 2)  # 5/8, 7/8 and their kind cost more than a full decode
_FEW_SCANS, _MANY_SCANS = 16, 256
_SCAN_WORK = 64 * 4096 * 4096
"""Scans times pixels: every scan of a progressive file visits the whole picture, though it may cost ten bytes."""
_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
_CUT_SHORT = "premature end of data segment"
_END_MARK = b"\xff\xd9"
_PILLOW = {"grey": "L", "ycbcr": "RGB", "rgb": "RGB", "cmyk": "CMYK", "ycck": "CMYK"}


def decode_jpeg(data: bytes, header: Header, at_least: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Decode to RGB as stored, not yet upright, scaled down by 2, 4 or 8 while both sides stay long enough.

    Args:
        data: the file.
        header: what `read_header` said about it.
        at_least: (height, width) in stored coordinates that the result must reach where the picture does; None for
            full size.

    Returns:
        (height, width, 3) uint8.

    Raises:
        Refused: BAD_TYPE where the file is of a kind libjpeg cannot decode, or does not decode to its last row.
    """
    if header.mode not in _PILLOW:
        raise refusals.unsupported("JPEG", f"颜色模式为 {header.mode}", f"its colours are {header.mode}")
    if header.lossless:
        raise refusals.unsupported("JPEG", "无损 JPEG", "it uses the lossless process")
    if header.bits != 8:
        raise refusals.unsupported("JPEG", f"每通道 {header.bits} 位", f"it has {header.bits} bits per sample")
    _check_scans(data, header)
    scale = scale_for(header.width, header.height, at_least)
    size = (-(-header.width // scale), -(-header.height // scale))
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data,
            "CMYK" if _PILLOW[header.mode] == "CMYK" else "RGB",
            min_width=size[0],
            min_height=size[1],
        )
    except DECODER_ERRORS as objection:
        pixels = _second_opinion(data, header, size, scale, objection)
    if pixels.shape[2] == 4:
        return cmyk_to_rgb(pixels, inverted=header.adobe)
    return pixels


def scale_for(width: int, height: int, at_least: tuple[int, int] | None) -> int:
    """The divisor 8, 4, 2 or 1, largest first, that leaves a picture of this size at least (height, width)."""
    if at_least is None:
        return 1
    rows, columns = at_least
    return next((s for s in _SCALES if -(-height // s) >= rows and -(-width // s) >= columns), 1)


def _check_scans(data: bytes, header: Header) -> None:
    """Refuse files whose scans would keep a core busy for many seconds; thumbnails and trailing videos do not count."""
    allowed = min(_MANY_SCANS, max(_FEW_SCANS, _SCAN_WORK // (header.width * header.height)))
    if data.count(b"\xff\xda") <= allowed:
        return
    scans = len(_SCAN.findall(data))
    if scans > allowed:
        raise refusals.unsupported(
            "JPEG",
            f"扫描次数为 {scans}，这一尺寸最多 {allowed} 次",
            f"it has {scans} scans, where this size may have {allowed}",
        )


def _second_opinion(
    data: bytes, header: Header, size: tuple[int, int], scale: int, objection: Exception
) -> NDArray[np.uint8]:
    """Decode with Pillow's libjpeg, which must be handed every row; same sizes, same arithmetic.

    No file plugin takes part: metadata of a stranger's file is never parsed, and no warning is ever raised.
    """
    mode = _PILLOW[header.mode]
    try:
        image = Image.frombytes(mode, size, data, "jpeg", mode, "", scale, 0)
    except DECODER_ERRORS as exc:
        raise refusals.cut_short("JPEG") from exc
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    if _CUT_SHORT in str(objection) and data.rstrip(b"\0").endswith(_END_MARK) and _is_unpainted(pixels, header.mode):
        raise refusals.cut_short("JPEG") from objection
    return pixels


def _is_unpainted(pixels: NDArray[np.uint8], mode: str) -> bool:
    """Whether the last pixel has the value that libjpeg leaves where no data came."""
    missing = [127, 127, 127, 128] if mode == "ycck" else [128] * pixels.shape[2]
    return bool(np.array_equal(pixels[-1, -1], missing))
