"""Pictures for tests: drawn, never stored."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def pixels(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth RGB picture, (height, width, 3): gradients with a few blobs, different for every seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / max(width - 1, 1), y / max(height - 1, 1)
    canvas = np.stack([x, y, (x + y) / 2], axis=-1) * rng.uniform(60, 200, 3)
    for _ in range(4):
        cx, cy, r = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.1, 0.4)
        blob = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (r * r))
        canvas += blob[..., None] * rng.uniform(-120, 120, 3)
    return np.clip(canvas, 0, 255).astype(np.uint8)


def image(width: int, height: int, mode: str = "RGB", seed: int = 0) -> Image.Image:
    """The same picture as a Pillow image of any mode."""
    return Image.fromarray(pixels(width, height, seed)).convert(mode)


def jpeg(width: int, height: int, mode: str = "RGB", seed: int = 0, **options: Any) -> bytes:
    """A JPEG file. `options` go to Pillow: quality, progressive, exif…"""
    out = io.BytesIO()
    image(width, height, mode, seed).save(out, "JPEG", **options)
    return out.getvalue()


def png(width: int, height: int, mode: str = "RGB", seed: int = 0, **options: Any) -> bytes:
    """A PNG file."""
    out = io.BytesIO()
    image(width, height, mode, seed).save(out, "PNG", **options)
    return out.getvalue()


def class_folders(root: Path, classes: dict[str, int], size: int = 64) -> Path:
    """Write class folders that a simple model can tell apart: each class has its own colour and stripes.

    Args:
        root: folder to make.
        classes: pictures per class name.
        size: side of each picture in pixels.
    """
    for number, (name, count) in enumerate(classes.items()):
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(count):
            rng = np.random.default_rng([number, index])
            picture = pixels(size, size, seed=number * 1000 + index).astype(np.float32)
            hue = np.array([(number * 83) % 256, (number * 151 + 40) % 256, (number * 37 + 90) % 256], np.float32)
            stripes = (np.arange(size) // (2 + number)) % 2 * 60.0
            mixed = 0.35 * picture + 0.65 * hue + stripes[None, :, None] + rng.normal(0, 6, (size, size, 3))
            Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8)).save(folder / f"{index:04d}.png")
    return root
