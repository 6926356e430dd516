"""Pictures for tests: drawn, never stored."""

from __future__ import annotations

import io
import struct
import zlib
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


def scene(side: int, seed: int) -> NDArray[np.uint8]:
    """A square picture with things of several sizes on it, as a photograph has."""
    rng = np.random.default_rng(seed)
    picture = pixels(side, side, seed).astype(np.float32) / 2
    for _ in range(12):
        height, width = rng.integers(6, 26, 2)
        top, left = rng.integers(0, side - height), rng.integers(0, side - width)
        picture[top : top + height, left : left + width] += rng.uniform(-60, 120, 3)
    return np.clip(picture, 0, 255).astype(np.uint8)


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


def tinted_scenes(root: Path, classes: dict[str, int], size: int = 48, seed: int = 0) -> Path:
    """Write class folders that are hard to tell apart: scenes of any kind, with a little of the class's colour.

    Args:
        root: folder to make.
        classes: pictures per class name, at most three.
        size: side of each picture in pixels.
        seed: another seed, other scenes.
    """
    for label, (name, count) in enumerate(classes.items()):
        (root / name).mkdir(parents=True)
        for number in range(count):
            drawn = scene(size, 100_000 * seed + 1000 * label + number) + np.eye(3)[label] * 22
            Image.fromarray(np.clip(drawn, 0, 255).astype(np.uint8)).save(root / name / f"{number:03d}.png")
    return root


def broad(width: int, height: int) -> bytes:
    """A JPEG of any size, drawn small and enlarged: for cases about size, where drawing in full takes too long."""
    out = io.BytesIO()
    image(64, 64).resize((width, height), Image.Resampling.NEAREST).save(out, "JPEG", quality=50)
    return out.getvalue()


def padded(picture: bytes, size: int) -> bytes:
    """The same JPEG as a file of exactly `size` bytes; what follows the end marker is no part of the picture."""
    return picture + bytes(size - len(picture))


def png_rgb16(width: int, height: int, seed: int = 0) -> bytes:
    """A PNG with 16 bits a channel, which Pillow reads but does not write: each value is the 8-bit one times 257."""
    deep = (pixels(width, height, seed).astype(">u2") * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def orientation(number: int) -> bytes:
    """An EXIF block that says how the stored picture is to be turned, 1 to 8; for Pillow's `exif=`."""
    exif = Image.Exif()
    exif[0x0112] = number
    return exif.tobytes()


def lying(upright: Image.Image, number: int) -> Image.Image:
    """The stored picture that orientation `number` turns into `upright`."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return upright.transpose(turns[number]) if number in turns else upright


def encoded(picture: Image.Image, format: str, **options: Any) -> bytes:  # noqa: A002 (Pillow's own name)
    """A Pillow image as a file of any format Pillow writes."""
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """A file as a Pillow image, loaded."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture
