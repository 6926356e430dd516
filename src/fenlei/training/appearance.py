"""How pictures look, apart from what is on them: light, sharpness, size. Measured once and kept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fenlei.contract.errors import FenleiError
from fenlei.imaging import decode_for_training, read_header
from fenlei.imaging.sniff import sniff
from fenlei.inference.cores import usable_cores
from fenlei.training.cache import UNSEEN, FeatureCache, Seen
from fenlei.training.look import Picture

VERSION = "appearance/1"
"""Changes with the arithmetic below, so that older measurements are not taken for newer ones."""

MEASURES = ("brightness", "sharpness", "pixels")

SIDE = 160
"""Shorter side at which a picture is measured: noise and the blocks of JPEG would pass for sharpness at full size."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def appearances(pictures: Sequence[Picture], cache: Path) -> NDArray[np.float64]:
    """Measure pictures, or remember what was measured before.

    Args:
        pictures: (n).
        cache: the workspace's cache folder.

    Returns:
        (n, 3) by `MEASURES`: mean grey level from 0 to 1; variance of the Laplacian of the grey levels 0-255 (Pech-
        Pacheco et al. 2000), low where nothing is in focus; width times height in pixels. NaN where the file is gone.

    Raises:
        TrainingError: the cache cannot be written.
    """
    name = hashlib.sha256(VERSION.encode()).hexdigest()
    shelf = FeatureCache(cache / "embeddings", name, name, len(MEASURES))
    known = {picture.digest: seen.features for picture in pictures if (seen := shelf.get(picture.digest)) is not None}
    new = {picture.digest: picture for picture in pictures if picture.digest not in known}
    if new:
        with _threads() as pool:
            measured = dict(zip(new, pool.map(_measure, new.values()), strict=True))
        fresh = [Seen(digest, UNSEEN, found) for digest, found in measured.items() if np.isfinite(found).all()]
        with suppress(OSError):  # it is measured again next time
            shelf.add(fresh)
        known |= measured
    rows = [known[picture.digest] for picture in pictures]
    return np.stack(rows).astype(np.float64) if rows else np.zeros((0, len(MEASURES)))


def seconds_per_appearance(pictures: Sequence[Picture]) -> float:
    """Wall seconds that measuring a picture takes, by these; 0 where there are none. Nothing is kept."""
    with _threads() as pool:
        list(pool.map(_measure, pictures[:1]))  # a first one is slower
        started = time.monotonic()
        list(pool.map(_measure, pictures))
        return (time.monotonic() - started) / max(1, len(pictures))


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(2, usable_cores()), thread_name_prefix="fenlei-measure")


def _measure(picture: Picture) -> NDArray[np.float32]:
    try:
        data = picture.item.read()
        pixels = decode_for_training(data, (SIDE, SIDE))
        wide, tall = read_header(data).upright_size if sniff(data) in ("JPEG", "PNG") else pixels.shape[1::-1]
    except FenleiError:
        return np.full(len(MEASURES), np.nan, np.float32)
    grey = _grey(pixels)
    # Neighbours less the middle; a picture of fewer than three pixels to a side has no neighbours.
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    return np.array([grey.mean() / 255, around.var() if around.size else 0.0, wide * tall], np.float32)


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = pixels.shape[:2]
    factor = SIDE / min(height, width)
    if factor < 1:
        size = max(1, round(width * factor)), max(1, round(height * factor))
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR), np.uint8)
    return np.asarray(pixels.astype(np.float32) @ _LUMA)
