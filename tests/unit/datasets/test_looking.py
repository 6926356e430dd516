"""Whether there is something to see on a picture, and whether two files show the same pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fenlei.datasets.checking.blank import LEAST_SPREAD
from fenlei.datasets.looking import look, spread
from tests.support.drawing import image, jpeg, lying, orientation, pixels, png


def _sheet(width: int = 200, height: int = 160, level: int = 245) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, np.uint8)


def _noisy(deviation: float, level: int = 20) -> NDArray[np.uint8]:
    noise = np.random.default_rng(1).normal(level, deviation, (300, 400, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


def _stroke() -> NDArray[np.uint8]:
    sheet = _sheet()
    sheet[80:83, 50:150] = 120
    return sheet


def _dot() -> NDArray[np.uint8]:
    sheet = _sheet(640, 480)
    sheet[200:212, 300:312] = 0
    return sheet


def _checks(period: int) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[0:160, 0:200]
    return np.repeat((((rows // period + columns // period) % 2) * 60 + 100)[..., None], 3, axis=2).astype(np.uint8)


def _coloured() -> NDArray[np.uint8]:
    """Two colours of one brightness."""
    sheet = _sheet(level=128)
    sheet[:, 100:] = (178, 103, 128)
    return sheet


BLANK = {
    "sheet": _sheet(),
    "lens cap": _noisy(4),
    "dark room": _noisy(9),
    "one pixel": _sheet(1, 1),
    "line": _sheet(400, 1),
}
SEEN = {
    "stroke": _stroke(),
    "dot": _dot(),
    "fabric": _checks(2),
    "tiles": _checks(20),
    "colours": _coloured(),
    "photo": pixels(300, 200),
    "small photo": pixels(30, 30),
}


@pytest.mark.parametrize("name", BLANK)
def test_nothing_to_see(name: str) -> None:
    assert spread(BLANK[name]) < LEAST_SPREAD


@pytest.mark.parametrize("name", SEEN)
def test_something_to_see(name: str) -> None:
    assert spread(SEEN[name]) > LEAST_SPREAD


def test_a_saved_sheet_is_still_blank() -> None:
    out = io.BytesIO()
    Image.fromarray(_noisy(3, 200)).save(out, "JPEG", quality=30)
    seen = look(out.getvalue())
    assert seen.spread is not None
    assert seen.spread < LEAST_SPREAD


def test_the_same_pixels_are_the_same_whatever_the_file() -> None:
    first = look(png(61, 47, seed=3))
    assert first.pixels is not None
    bmp = io.BytesIO()
    image(61, 47, seed=3).save(bmp, "BMP")
    turned = io.BytesIO()
    lying(image(61, 47, seed=3), 6).save(turned, "PNG", exif=orientation(6))
    for other in (png(61, 47, seed=3, compress_level=0), bmp.getvalue(), turned.getvalue()):
        assert look(other).pixels == first.pixels
    assert look(png(61, 47, seed=4)).pixels != first.pixels


def test_the_same_bytes_in_another_shape_are_another_picture() -> None:
    wide, high = io.BytesIO(), io.BytesIO()
    Image.fromarray(_sheet(60, 40)).save(wide, "PNG")
    Image.fromarray(_sheet(40, 60)).save(high, "PNG")
    assert look(wide.getvalue()).pixels != look(high.getvalue()).pixels


@pytest.mark.parametrize("data", [b"", b"no picture", jpeg(200, 200)[:2000], png(50, 50)[:60]])
def test_a_file_that_cannot_be_decoded_is_told_with_a_sentence(data: bytes) -> None:
    seen = look(data)
    assert seen.problem
    assert (seen.pixels, seen.spread) == (None, None)
