"""What a network wants to see: a size, and how a picture of another shape gets there."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

METHOD = "upright-rgb/bilinear-antialias/1"
"""Names the pixel arithmetic of this room. Changing how a pixel comes out means changing this word, so that cached
features and model files made by the older arithmetic are never mixed with newer ones."""


class Policy(StrEnum):
    """How a picture of any shape becomes a rectangle."""

    SQUASH = "squash"
    """The whole picture, both sides stretched to fit."""

    LETTERBOX = "letterbox"
    """The whole picture, shape kept, bars at two sides."""

    CROP = "crop"
    """The middle of the picture, shape kept, ends lost."""


class InputSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The input of a network: `height` × `width` × 3, uint8, RGB.

    Attributes:
        height: pixels.
        width: pixels.
        policy: how other shapes get there.
        fill: grey level 0-255 of letterbox bars.
        method: the pixel arithmetic that made the input; see `METHOD`.
    """

    height: int
    width: int
    policy: Policy = Policy.SQUASH
    fill: int = 127
    method: str = METHOD

    @property
    def digest(self) -> str:
        """SHA-256, hex, of everything that decides a pixel of the input."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()
