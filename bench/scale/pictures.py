"""Many small pictures in one zip of class folders: drawn fast, always the same, with something for every check."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CLASSES = 20
SIDE = 64
STRIP = 20
"""Pixels of the shorter side of a strip, which is too small and of an odd ratio."""

BLANK_EVERY, COPY_EVERY, STRIP_EVERY = 100, 101, 10


def write_zip(path: Path, count: int, progress: Callable[[int], None]) -> None:
    """Write `count` pictures, JPEG and PNG by turns, in 20 class folders of equal size.

    Every 100th is blank, every 101st a copy of the one 20 before it (so of its class, and of the other file type's
    turn), every tenth a strip.

    Args:
        path: the zip to make.
        count: pictures.
        progress: told how many are written, every ten thousand.
    """
    recent: dict[int, bytes] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(count):
            copied = recent.get(number - CLASSES) if number % COPY_EVERY == 0 else None
            data = _file(number) if copied is None else copied
            recent[number] = data
            recent.pop(number - CLASSES, None)
            archive.writestr(zipfile.ZipInfo(name_of(number)), data)
            if number % 10_000 == 9999:
                progress(number + 1)


def name_of(number: int) -> str:
    """What the picture of this number is called."""
    return f"class-{number % CLASSES:02d}/{number:06d}.{'jpg' if is_jpeg(number) else 'png'}"


def is_jpeg(number: int) -> bool:
    """Whether it is a JPEG: every other one within each class, so half of all."""
    return number // CLASSES % 2 == 0


def _file(number: int) -> bytes:
    out = io.BytesIO()
    image = Image.fromarray(_pixels(number))
    if is_jpeg(number):
        image.save(out, "JPEG", quality=85)
    else:
        image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _pixels(number: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(number)
    height = STRIP if number % STRIP_EVERY == 7 else SIDE
    if number % BLANK_EVERY == 50:
        return rng.integers(120, 123, (SIDE, SIDE, 3), dtype=np.uint8)
    label = number % CLASSES
    colour = np.array([label * 83 % 256, (label * 151 + 40) % 256, (label * 37 + 90) % 256], np.uint8)
    coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8) // 2 + colour // 2
    return np.asarray(Image.fromarray(coarse).resize((SIDE, height), Image.Resampling.BILINEAR))
