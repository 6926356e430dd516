"""What tells pictures apart or shows them to be the same, without knowing what is on them."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

THUMBNAIL_SIDE = 16
"""The thumbnail has this many grey means to a side."""

VIEW_SIDE = 32
"""The view has this many: enough to lay altered copies over each other; 16 found up to a fifth fewer of them."""

_ROWS, _COLUMNS = 8, 9


_FLAT_VIEW = np.zeros(VIEW_SIDE**2, np.uint8)
_FLAT_VIEW.flags.writeable = False


class Fingerprint(NamedTuple):
    """What is kept of a picture's prepared input.

    Attributes:
        pixels: see `pixel_digest`.
        dhash: see `difference_hash`.
        thumbnail: (256,) uint8, see `thumbnail`.
        view: (1024,) uint8, see `view`; flat, which proves nothing, where nobody looked.
    """

    pixels: int
    dhash: int
    thumbnail: NDArray[np.uint8]
    view: NDArray[np.uint8] = _FLAT_VIEW


def fingerprint(pixels: NDArray[np.uint8]) -> Fingerprint:
    """The fingerprint of a prepared input (h, w, 3), uint8, at least 16 × 16."""
    grey = _grey(pixels)
    return Fingerprint(pixel_digest(pixels), difference_hash(grey), thumbnail(grey), view(grey))


def file_digest(data: bytes) -> bytes:
    """SHA-256 of a file, 32 bytes."""
    return hashlib.sha256(data).digest()


def pixel_digest(pixels: NDArray[np.uint8]) -> int:
    """64 bits of BLAKE2b over the prepared input: equal for a picture saved twice without loss."""
    return int.from_bytes(hashlib.blake2b(np.ascontiguousarray(pixels).tobytes(), digest_size=8).digest(), "little")


def difference_hash(grey: NDArray[np.float32]) -> int:
    """64 bits that stay nearly the same when a picture is saved again, resized or brightened.

    The picture becomes 9 × 8 grey means; each bit says whether a mean is darker than its right neighbour (the "dHash"
    of Krawetz, 2013). Flat or very alike pictures have few bits that mean anything, so a hash alone proves nothing.

    Args:
        grey: (h, w) grey levels.
    """
    means = _means(grey, _ROWS, _COLUMNS)
    # Half a grey level: less is noise of the file format, and would make the bits of flat areas random.
    bits = means[:, :-1] + 0.5 < means[:, 1:]
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def thumbnail(grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    """16 × 16 grey means of a picture (h, w), flattened to (256,)."""
    return np.asarray(np.rint(_means(grey, THUMBNAIL_SIDE, THUMBNAIL_SIDE)).ravel().astype(np.uint8))


def view(grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    """32 × 32 grey means of a picture (h, w), flattened to (1024,)."""
    return np.asarray(np.rint(_means(grey, VIEW_SIDE, VIEW_SIDE)).ravel().astype(np.uint8))


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))


def _means(grey: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    height, width = grey.shape
    tops, lefts = np.arange(rows) * height // rows, np.arange(columns) * width // columns
    sums = np.add.reduceat(np.add.reduceat(grey, tops, axis=0), lefts, axis=1)
    areas = np.diff([*tops, height])[:, None] * np.diff([*lefts, width])[None, :]
    # Of a picture with fewer pixels than means some are empty; there `reduceat` gives the pixel itself.
    return np.asarray(sums / np.maximum(areas, 1), np.float32)
