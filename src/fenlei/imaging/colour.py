"""Bring every way of storing colour to 8-bit RGB; transparency is laid over white.

Sixteen-bit samples keep their high byte, which is how both grey and RGB come out of libpng and Pillow; the error is
below one level. Plain CMYK is turned to RGB by the simple product, without a profile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WHITE = 255


def cmyk_to_rgb(pixels: NDArray[np.uint8], *, inverted: bool) -> NDArray[np.uint8]:
    """Turn (h, w, 4) CMYK ink into (h, w, 3) RGB light.

    Args:
        pixels: 0 is no ink, 255 full ink.
        inverted: Adobe's writers store it the other way round; then 255 is no ink.
    """
    ink = np.bitwise_not(pixels) if inverted else np.ascontiguousarray(pixels)
    height, width, _ = ink.shape
    return np.asarray(Image.frombuffer("CMYK", (width, height), ink, "raw", "CMYK", 0, 1).convert("RGB"))


def over_white(image: Image.Image) -> Image.Image:
    """Lay a picture with an alpha channel (LA or RGBA) over white; the result is RGB."""
    rgba = image if image.mode == "RGBA" else image.convert("RGBA")
    sheet = Image.new("RGB", image.size, (WHITE, WHITE, WHITE))
    sheet.paste(rgba, (0, 0), rgba)
    return sheet


def palette_over_white(palette: bytes, alphas: bytes) -> bytes:
    """Lay a palette's colours over white.

    Args:
        palette: red, green, blue per entry.
        alphas: opacity per entry; entries beyond its end are opaque.

    Returns:
        768 bytes, 256 entries; those the file does not define are black.
    """
    colours = np.zeros((256, 3), np.uint32)
    given = np.frombuffer(palette[: len(palette) // 3 * 3][:768], np.uint8).reshape(-1, 3)
    colours[: len(given)] = given
    opacity = np.full((256, 1), 255, np.uint32)
    opacity[: min(len(alphas), 256), 0] = np.frombuffer(alphas[:256], np.uint8)
    mixed = (colours * opacity + WHITE * (255 - opacity) + 127) // 255
    return mixed.astype(np.uint8).tobytes()


def high_byte(samples: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Bring 16-bit samples to 8 bits by scaling, never by clipping."""
    return (samples >> 8).astype(np.uint8)
