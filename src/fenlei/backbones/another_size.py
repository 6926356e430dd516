"""At which input size besides its own a published network is worth a try."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from fenlei.backbones.errors import BackboneError
from fenlei.backbones.preprocessing import LARGEST, SMALLEST

USUAL_STEP = 32
"""Pixels of the input to one position of the last map: of ResNet, ConvNeXt, Swin, EfficientNet and most others."""

_FINEST_PATCH = 8
"""Pixels. What calls less than this a patch (ConvNeXt 4, Swin 4, MobileViT 2) halves its maps further on."""

_SMALLER = 5 / 7
"""160 pixels for 224: half the time, and what the small network of the catalogue is offered at, too."""


def another_size(own: int, step: int) -> int | None:
    """The side of a smaller input that is about half the work; of the smallest, the next larger one.

    Whole steps, so that no patch is cut off at the edge.

    Args:
        own: side in pixels that the network is published for.
        step: pixels of the input to one position of what the network computes, see `step_of`.

    Returns:
        The side in pixels; None where no plausible one is left.
    """
    side = round(own * _SMALLER / step) * step
    if not SMALLEST <= side < own:
        side = own + step
    return side if side <= LARGEST else None


def step_of(folder: Path) -> int:
    """Pixels of the input to one position, as `config.json` of a folder in Hugging Face layout tells: the patches of a
    transformer, otherwise `USUAL_STEP`.

    Raises:
        BackboneError: there is no such file, or it is no JSON object.
    """
    file = folder / "config.json"
    try:
        said = msgspec.json.decode(file.read_bytes(), type=dict[str, object])
    except (OSError, msgspec.DecodeError) as exc:
        raise BackboneError(f"{file} cannot be read as a JSON object: {exc}") from exc
    vision = said.get("vision_config")  # of a model of pictures and words
    patch = (vision if isinstance(vision, Mapping) else said).get("patch_size")
    if isinstance(patch, list) and patch:
        patch = patch[0]
    return patch if isinstance(patch, int) and patch >= _FINEST_PATCH else USUAL_STEP
