"""Pictures with one bright corner, and models that name it, rightly or not; without training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from fenlei.modelfile import ModelFile, read
from tests.support.models import CORNERS, write_corners

SWAPPED = ("bottom_right", "bottom_left", "top_left", "top_right")
"""What a model calls them that is wrong about those at the bottom."""


def corner_folders(root: Path, count: int, side: int = 64) -> Path:
    """Write class folders of pictures, each grey and noisy but for one quarter, after which its class is called."""
    for number, label in enumerate(CORNERS):
        (root / label).mkdir(parents=True)
        for index in range(count):
            picture = np.random.default_rng([number, index]).normal(70, 20, (side, side, 3))
            top, left = (0 if "top" in label else side // 2), (0 if "left" in label else side // 2)
            picture[top : top + side // 2, left : left + side // 2] += 110
            Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(root / label / f"{index:03d}.png")
    return root


def corner_model(place: Path, labels: Sequence[str] = CORNERS, report: dict[str, bytes] | None = None) -> ModelFile:
    """A model that calls the brightest corner by these names in place of `CORNERS`, with this report.

    Args:
        place: a folder to write in.
        labels: what bottom left, bottom right, top left and top right are called.
        report: members of its file.
    """
    made = read(write_corners(place / "corners.fenlei"))
    manifest = msgspec.structs.replace(made.manifest, labels=list(labels))
    return ModelFile(manifest, made.head, made.network, report=report or {})
