"""A heat map over its picture: the picture pale and grey, warm colours where numbers are above zero, blue below."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FAINT = 0.05
"""A map whose strongest number is below this is not blown up to full colour: it says that nothing stands out."""

_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_WARM = np.array([[255, 200, 60], [215, 25, 28]], np.float32)
_COLD = np.array([[150, 200, 240], [44, 90, 180]], np.float32)
_STRONGEST = 0.75


def overlay(picture: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Draw a map over its picture.

    Args:
        picture: (height, width, 3) RGB.
        heat: (height, width); zero is no colour, the number farthest from it full colour.

    Returns:
        (height, width, 3) uint8.
    """
    share = heat / max(float(np.abs(heat).max(initial=0.0)), FAINT)
    strength = np.abs(share)[..., None]
    warm = _WARM[0] + (_WARM[1] - _WARM[0]) * strength
    cold = _COLD[0] + (_COLD[1] - _COLD[0]) * strength
    colour = np.where(share[..., None] >= 0, warm, cold)
    grey = np.repeat((picture.astype(np.float32) @ _GREY)[..., None], 3, axis=2)
    pale = 0.35 * picture + 0.65 * grey
    # The root lets weaker places be seen beside the strongest one.
    opaque = _STRONGEST * np.sqrt(strength)
    return np.asarray(np.clip(pale * (1 - opaque) + colour * opaque, 0, 255).round(), np.uint8)


def shrunk(picture: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """A picture (height, width, 3) whose longest side is at most so many pixels; a smaller one as it is."""
    height, width = picture.shape[:2]
    factor = min(1.0, longest / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    if size == (width, height):
        return picture
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR), np.uint8)
