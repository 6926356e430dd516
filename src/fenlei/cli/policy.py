"""Resize policies, as one writes them in a command."""

from __future__ import annotations

from enum import StrEnum


class Policy(StrEnum):
    """How a picture of another shape becomes the network's rectangle."""

    SQUASH = "squash"
    LETTERBOX = "letterbox"
    CROP = "crop"
