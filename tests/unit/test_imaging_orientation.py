"""A picture with a marked corner ends up the right way, whichever of the eight ways it was stored."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from fenlei.imaging import decode
from tests.support.oddities import chunk, exif_block, raw_png, saved, turned

STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How an upright picture lies in a file of each orientation."""


def marked(width: int = 320, height: int = 192) -> Image.Image:
    """Dark, with a red top left corner and a green top right one."""
    canvas = np.full((height, width, 3), 20, np.uint8)
    canvas[: height // 4, : width // 4] = (250, 10, 10)
    canvas[: height // 4, -width // 4 :] = (10, 250, 10)
    return Image.fromarray(canvas)


def stored(orientation: int) -> Image.Image:
    way = STORED[orientation]
    return marked() if way is None else marked().transpose(way)


def assert_upright(array: NDArray[np.uint8]) -> None:
    height, width = array.shape[:2]
    assert width > height
    corner = array[height // 8, width // 8].astype(int)
    other = array[height // 8, -width // 8].astype(int)
    assert corner[0] > 200 > corner[1] + 100
    assert other[1] > 200 > other[0] + 100
    assert array[-height // 8, width // 2].max() < 60


@pytest.mark.parametrize("at_least", [None, (40, 60)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_comes_out_upright(orientation: int, at_least: tuple[int, int] | None) -> None:
    data = turned(saved(stored(orientation), "JPEG", quality=95), orientation)
    out = decode(data, at_least)
    assert_upright(out)
    assert out.flags.c_contiguous
    assert out.shape[:2] == ((192, 320) if at_least is None else (48, 80))


@pytest.mark.parametrize("at_least", [None, (40, 60)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_png_comes_out_upright(orientation: int, at_least: tuple[int, int] | None) -> None:
    data = raw_png(np.asarray(stored(orientation)), 2, extra=[chunk(b"eXIf", exif_block(orientation, ">"))])
    assert_upright(decode(data, at_least))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_way_agrees_with_pillow(orientation: int) -> None:
    stored_picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (7, 5, 3), np.uint8))
    data = raw_png(np.asarray(stored_picture), 2, extra=[chunk(b"eXIf", exif_block(orientation))])
    stored_picture.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(decode(data), np.asarray(ImageOps.exif_transpose(stored_picture)))
