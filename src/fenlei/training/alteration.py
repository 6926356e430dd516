"""Altered copies of a picture: what else it might have looked like.

A head that has seen a picture a little nearer, turned, darker or mirrored is less bound to how these very ones were
taken. Each copy is decided by the file's own bytes and its number, so that its features can be kept like those of the
picture itself. Whether copies help is for the search to find out: writing, for one, must not be mirrored.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from fenlei.contract.errors import Refused
from fenlei.imaging import InputSpec, decode_for_training, read_header, to_input, wanted_size
from fenlei.imaging.sniff import sniff

VERSION = "altered/1"
"""Changes with the arithmetic below, so that features of older copies are not taken for those of newer ones."""

LEAST_KEPT = 0.75
"""Of each side, by a crop."""

MOST_TURNED = 10.0
"""Degrees to either side."""

MOST_LIGHT = 0.25
"""By which brightness, contrast and colour change, as a share."""


@dataclass(frozen=True)
class Alteration:
    """One kind of copy.

    Attributes:
        number: of the copy.
        mirrored: whether left and right change places.
    """

    number: int
    mirrored: bool

    def digest(self, spec: InputSpec) -> str:
        """SHA-256, hex, of everything that decides a pixel of the copy besides the picture."""
        return hashlib.sha256(f"{VERSION} {self.number} {self.mirrored} {spec.digest}".encode()).hexdigest()

    def prepare(self, spec: InputSpec) -> Callable[[bytes], NDArray[np.uint8]]:
        """From a picture's file to the network's input of the copy."""
        return functools.partial(prepare_altered, spec=spec, alteration=self)


PLAIN = tuple(Alteration(number, mirrored=False) for number in range(2))
MIRRORED = tuple(Alteration(number, mirrored=True) for number in range(2))

COPIES: dict[str, tuple[Alteration, ...]] = {"none": (), "altered": PLAIN, "altered and mirrored": PLAIN + MIRRORED}
"""Sets of copies that a head may learn from besides the pictures."""


def prepare_altered(data: bytes, spec: InputSpec, alteration: Alteration) -> NDArray[np.uint8]:
    """The input that a copy of a picture makes: decoded and resized by the same functions as the picture itself.

    Returns:
        (spec.height, spec.width, 3) uint8.

    Raises:
        Unreadable: the file cannot be used.
    """
    chance = _chance(data, alteration)
    picture = Image.fromarray(decode_for_training(data, _wanted(data, spec)))
    picture = _cropped(_turned(picture, chance), chance)
    if alteration.mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = enhance(picture).enhance(float(chance.uniform(1 - MOST_LIGHT, 1 + MOST_LIGHT)))
    return to_input(np.asarray(picture, np.uint8), spec)


def _wanted(data: bytes, spec: InputSpec) -> tuple[int, int] | None:
    if sniff(data) not in ("JPEG", "PNG"):
        return None
    try:
        height, width = wanted_size(*read_header(data).upright_size, spec)
    except Refused:
        return None  # decoding will say it
    return math.ceil(height / LEAST_KEPT), math.ceil(width / LEAST_KEPT)


def _chance(data: bytes, alteration: Alteration) -> np.random.Generator:
    digest = hashlib.sha256(f"{VERSION} {alteration.number} {alteration.mirrored} ".encode() + data).digest()
    return np.random.default_rng(list(digest))


def _turned(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    """Turned about its middle, without the corners that turning leaves empty."""
    degrees = float(chance.uniform(-MOST_TURNED, MOST_TURNED))
    width, height = picture.size
    turned = picture.rotate(degrees, Image.Resampling.BILINEAR)
    slope = abs(math.tan(math.radians(degrees)))
    across, down = min(width / 4, height * slope / 2), min(height / 4, width * slope / 2)
    return turned.crop((round(across), round(down), max(round(width - across), 1), max(round(height - down), 1)))


def _cropped(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    width, height = picture.size
    kept = chance.uniform(LEAST_KEPT, 1, 2)
    wide, tall = max(1, round(width * kept[0])), max(1, round(height * kept[1]))
    left, top = int(chance.integers(0, width - wide + 1)), int(chance.integers(0, height - tall + 1))
    return picture.crop((left, top, left + wide, top + tall))
