"""What else pictures might have looked like, drawn anew for every batch, by kornia, on whatever device the batch is.

The kinds and their reach are those of `alteration`, whose copies heads learn from, and a small erased patch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fenlei.backbones.needs import need
from fenlei.training.alteration import LEAST_KEPT, MOST_LIGHT, MOST_TURNED

LEAST_RATIO = 3 / 4
ERASED = (0.02, 0.15)
"""Share of a picture that is erased from a fourth of them (Zhong et al. 2020, "Random Erasing")."""


def augmentation(size: int, *, mirrored: bool) -> Callable[[Any], Any]:
    """A function from pictures (n, 3, size, size) in 0..1 to altered ones of that shape.

    Its chance is torch's own: who seeds torch gets the same again.

    Raises:
        BackboneError: kornia is not installed.
    """
    kornia = need("kornia.augmentation", "fine-tune a network")
    light = (1 - MOST_LIGHT, 1 + MOST_LIGHT)
    steps = [
        kornia.RandomResizedCrop((size, size), scale=(LEAST_KEPT**2, 1.0), ratio=(LEAST_RATIO, 1 / LEAST_RATIO), p=1.0),
        kornia.RandomRotation(MOST_TURNED, p=0.5),
        kornia.ColorJiggle(brightness=light, contrast=light, saturation=light, p=0.8),
        kornia.RandomErasing(scale=ERASED, p=0.25),
    ]
    if mirrored:
        steps.insert(1, kornia.RandomHorizontalFlip(p=0.5))
    return kornia.AugmentationSequential(*steps, data_keys=["input"])  # type: ignore[no-any-return]
