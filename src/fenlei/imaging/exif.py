"""Find the one EXIF number this room needs: which way up the picture is."""

from __future__ import annotations

import struct

_ORIENTATION = 0x0112
_ENTRY = 12
_MAX_ENTRIES = 1024


def orientation(tiff: bytes) -> int:
    """Read the orientation, 1 to 8, from an EXIF block.

    The block comes from a stranger: anything odd in it means 1, upright, never an error.

    Args:
        tiff: the TIFF structure, without the `Exif\\0\\0` in front that JPEG files put there.
    """
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        for index in range(min(count, _MAX_ENTRIES)):
            at = directory + 2 + index * _ENTRY
            tag, kind = struct.unpack_from(order + "HH", tiff, at)
            if tag == _ORIENTATION:
                (value,) = struct.unpack_from(order + ("I" if kind == 4 else "H"), tiff, at + 8)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
