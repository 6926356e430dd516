"""Two pictures in one: MixUp (Zhang et al. 2018) and CutMix (Yun et al. 2019), on pictures or on maps of features."""

from __future__ import annotations

from typing import Any

import numpy as np

MIXUP_ALPHA = 0.2
CUTMIX_ALPHA = 1.0


def mixed(rows: Any, targets: Any, share: float, chance: np.random.Generator) -> tuple[Any, Any]:
    """Mix every picture of a batch with another one of it, or leave the batch as it is.

    Args:
        rows: (n, c, h, w).
        targets: (n, classes), how much a picture belongs to each class.
        share: probability of mixing.
        chance: decides.

    Returns:
        Rows and targets of the same shapes.
    """
    import torch

    if len(rows) < 2 or chance.random() >= share:
        return rows, targets
    partner = torch.from_numpy(chance.permutation(len(rows))).to(rows.device)
    if chance.random() < 0.5:
        part = float(chance.beta(MIXUP_ALPHA, MIXUP_ALPHA))
        return torch.lerp(rows[partner], rows, part), torch.lerp(targets[partner], targets, part)
    height, width = rows.shape[2:]
    side = float(np.sqrt(1 - chance.beta(CUTMIX_ALPHA, CUTMIX_ALPHA)))
    tall, wide = round(side * height), round(side * width)
    top, left = int(chance.integers(0, height - tall + 1)), int(chance.integers(0, width - wide + 1))
    cut = rows.clone()
    cut[:, :, top : top + tall, left : left + wide] = rows[partner, :, top : top + tall, left : left + wide]
    part = 1 - tall * wide / (height * width)
    return cut, torch.lerp(targets[partner], targets, part)
