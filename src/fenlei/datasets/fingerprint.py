"""What tells pictures apart or shows them to be the same, without knowing what is on them."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

_ROWS, _COLUMNS = 8, 9


def file_digest(data: bytes) -> bytes:
    """SHA-256 of a file, 32 bytes."""
    return hashlib.sha256(data).digest()


def pixel_digest(pixels: NDArray[np.uint8]) -> int:
    """64 bits of BLAKE2b over the prepared input: equal for a picture saved twice without loss."""
    return int.from_bytes(hashlib.blake2b(np.ascontiguousarray(pixels).tobytes(), digest_size=8).digest(), "little")


def difference_hash(pixels: NDArray[np.uint8]) -> int:
    """64 bits that stay nearly the same when a picture is saved again, resized or brightened.

    The picture becomes 9 × 8 grey means; each bit says whether a mean is darker than its right neighbour (the "dHash"
    of Krawetz, 2013). Flat pictures have few bits that mean anything, so a hash alone proves nothing.

    Args:
        pixels: (h, w, 3), uint8, at least 9 × 8.
    """
    grey = pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    rows = np.linspace(0, grey.shape[0], _ROWS + 1).astype(int)[:-1]
    columns = np.linspace(0, grey.shape[1], _COLUMNS + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(grey, rows, axis=0), columns, axis=1)
    heights = np.diff([*rows, grey.shape[0]])[:, None]
    widths = np.diff([*columns, grey.shape[1]])[None, :]
    means = sums / (heights * widths)
    # Half a grey level: less is noise of the file format, and would make the bits of flat areas random.
    bits = means[:, :-1] + 0.5 < means[:, 1:]
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
