"""Look at a file thoroughly: decode it to its last pixel, and keep what tells it from others and from nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.checking.survey import Seen
from fenlei.imaging import METHOD, Unreadable, decode_for_training
from fenlei.inference.cores import usable_cores

HOW = f"look/1 {METHOD}"
"""Names this way of looking. Another way, or another arithmetic of pixels, is another name: files are decoded again."""

_CELLS, _LEAST_CELL = 32, 8
_SAMPLED = 512


def look(data: bytes) -> Seen:
    """Decode a file. A file that cannot be decoded is no error but what was seen."""
    try:
        pixels = decode_for_training(data)
    except Unreadable as exc:
        return Seen(str(exc), None, None)
    digest = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=32)
    digest.update(np.ascontiguousarray(pixels).data)
    return Seen(None, digest.hexdigest(), spread(pixels))


def spread(pixels: NDArray[np.uint8]) -> float:
    """How much there is to see on a picture (h, w, 3), in levels of 255.

    The means of a grid of areas, at most 32 × 32 and none below 8 × 8 pixels, tell light and dark places; half the
    deviation of single pixels tells fine patterns, which have equal means everywhere. Whichever says more counts, so
    noise, which changes means little, has to be strong to be taken for a pattern.
    """
    height, width = pixels.shape[:2]
    tops, lefts = _edges(height), _edges(width)
    sums = np.add.reduceat(np.add.reduceat(pixels, tops, axis=0, dtype=np.uint32), lefts, axis=1, dtype=np.uint64)
    areas = np.diff([*tops, height])[:, None, None] * np.diff([*lefts, width])[None, :, None]
    means = sums / areas
    apart = float((means.max(axis=(0, 1)) - means.min(axis=(0, 1))).max())
    some = pixels[:: max(1, height // _SAMPLED), :: max(1, width // _SAMPLED)].astype(np.float32)
    return max(apart, float(some.std(axis=(0, 1)).max()) / 2)


def look_at(
    files: Sequence[str], read: Callable[[str], bytes], cancelled: Callable[[], bool], batch: int = 64
) -> Iterator[list[tuple[str, Seen]]]:
    """Look at many files, on every core.

    Args:
        files: names to hand to `read`.
        read: gives the bytes of one; called on several threads.
        cancelled: asked before every batch; True ends the iteration.
        batch: files that come back together.
    """
    with ThreadPoolExecutor(usable_cores(), thread_name_prefix="fenlei-look") as pool:
        for start in range(0, len(files), batch):
            if cancelled():
                return
            names = files[start : start + batch]
            yield list(zip(names, pool.map(lambda name: look(read(name)), names), strict=True))


def _edges(side: int) -> NDArray[np.int64]:
    cells = min(_CELLS, max(1, side // _LEAST_CELL))
    return np.arange(cells) * side // cells
