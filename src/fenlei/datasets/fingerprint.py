"""What tells pictures apart or shows them to be the same, without knowing what is on them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

THUMBNAIL_SIDE = 16
"""The thumbnail has this many grey means to a side."""

VIEW_SIDE = 32
"""The view has this many: enough to lay altered copies over each other; 16 found up to a fifth fewer of them."""

_ROWS, _COLUMNS = 8, 9

_GREY = np.array([0.299, 0.587, 0.114], np.float32)

_BLOCK = 4096
"""Words that are multiplied at a time, by the same numbers: those stay where they are at hand, beside a network."""

_STEP = 0x9E3779B97F4A7C15
"""What one block counts more than the next; odd, so that nothing is lost modulo 2^64."""

_FLAT_VIEW = np.zeros(VIEW_SIDE**2, np.uint8)
_FLAT_VIEW.flags.writeable = False


class _Bands(NamedTuple):
    """A picture added up in 32 bands of rows.

    Attributes:
        grey: (32, w) sums of grey levels.
        height: rows of the picture.
    """

    grey: NDArray[np.float32]
    height: int


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
    bands = _bands(pixels)
    return Fingerprint(pixel_digest(pixels), difference_hash(bands), thumbnail(bands), view(bands))


def file_digest(data: bytes) -> bytes:
    """SHA-256 of a file, 32 bytes."""
    return hashlib.sha256(data).digest()


def pixel_digest(pixels: NDArray[np.uint8]) -> int:
    """64 bits over the prepared input: equal for a picture saved twice without loss.

    Words of 32 bits, each times a number of its own, added up modulo 2^64 (multilinear hashing: Carter, Wegman, 1979;
    Lemire, Kaser, 2014), block after block, the sums of which are a polynomial: ten times as fast as a cryptographic
    digest, and for pictures that nobody made to collide two that differ are one in about 2^32 cases. Who asks for
    equal pictures asks for equal thumbnails too.
    """
    flat = np.ascontiguousarray(pixels).reshape(-1)
    words = np.concatenate([flat, np.zeros(-len(flat) % 4, np.uint8)]) if len(flat) % 4 else flat
    words = words.view("<u4")
    multipliers = _multipliers()
    total: int = pixels.shape[0] << 32 | pixels.shape[1]
    for start in range(0, len(words), _BLOCK):
        part = words[start : start + _BLOCK].astype(np.uint64)
        total = (total * _STEP + int(np.dot(part, multipliers[: len(part)]))) % 2**64
    return total


def difference_hash(bands: _Bands) -> int:
    """64 bits that stay nearly the same when a picture is saved again, resized or brightened.

    The picture becomes 9 × 8 grey means; each bit says whether a mean is darker than its right neighbour (the "dHash"
    of Krawetz, 2013). Flat or very alike pictures have few bits that mean anything, so a hash alone proves nothing.
    """
    means = _means(bands, _ROWS, _COLUMNS)
    # Half a grey level: less is noise of the file format, and would make the bits of flat areas random.
    bits = means[:, :-1] + 0.5 < means[:, 1:]
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def thumbnail(bands: _Bands) -> NDArray[np.uint8]:
    """16 × 16 grey means of a picture, flattened to (256,)."""
    return np.asarray(np.rint(_means(bands, THUMBNAIL_SIDE, THUMBNAIL_SIDE)).ravel().astype(np.uint8))


def view(bands: _Bands) -> NDArray[np.uint8]:
    """32 × 32 grey means of a picture, flattened to (1024,)."""
    return np.asarray(np.rint(_means(bands, VIEW_SIDE, VIEW_SIDE)).ravel().astype(np.uint8))


def _bands(pixels: NDArray[np.uint8]) -> _Bands:
    """Every picture is gone through once, row by row in whole numbers; all means are made of what that gives."""
    for axis in (0, 1):
        if pixels.shape[axis] < VIEW_SIDE:
            pixels = np.repeat(pixels, 2, axis=axis)
    height, width, _ = pixels.shape
    rows = np.ascontiguousarray(pixels).reshape(height, 3 * width)
    if height % VIEW_SIDE == 0 and height <= 256 * VIEW_SIDE:
        sums = rows.reshape(VIEW_SIDE, height // VIEW_SIDE, 3 * width).sum(axis=1, dtype=np.uint16)
    else:
        sums = np.add.reduceat(rows, _starts(height, VIEW_SIDE), axis=0, dtype=np.uint32)
    return _Bands(sums.reshape(VIEW_SIDE, width, 3).astype(np.float32) @ _GREY, height)


def _means(bands: _Bands, rows: int, columns: int) -> NDArray[np.float64]:
    """Grey means (rows, columns); `rows` divides the number of bands."""
    grey, height = bands
    width = grey.shape[1]
    sums = grey.reshape(rows, VIEW_SIDE // rows, width).sum(axis=1)
    sums = np.add.reduceat(sums, _starts(width, columns), axis=1)
    return np.asarray(sums / (_lengths(height, rows)[:, None] * _lengths(width, columns)[None]))


@lru_cache(maxsize=64)
def _starts(length: int, parts: int) -> NDArray[np.int64]:
    """Where each of so many parts begins. The parts of 8 and of 16 begin where parts of 32 do."""
    return np.arange(parts) * length // parts


@lru_cache(maxsize=64)
def _lengths(length: int, parts: int) -> NDArray[np.int64]:
    return np.diff([*_starts(length, parts), length])


@lru_cache(maxsize=1)
def _multipliers() -> NDArray[np.uint64]:
    """The same numbers on every machine."""
    return np.random.PCG64(0).random_raw(_BLOCK)
