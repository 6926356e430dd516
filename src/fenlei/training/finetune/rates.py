"""Which stage learns when, and how fast: the head first, then stage after stage from the top, the lower the slower.

Staged thawing with lower rates for earlier stages (Howard & Ruder 2018, "Universal Language Model Fine-tuning"): what
an early stage has learned is of use for any picture, and is soon spoiled by a head that is still wrong. Kumar et al.
2022, "Fine-Tuning can Distort Pretrained Features", is why the head is not begun at random.
"""

from __future__ import annotations

import math
from typing import Any

from fenlei.training.finetune.settings import TuneSettings

GENTLE = 1
"""Dimensions up to which a parameter is a bias or a norm, and does not decay."""


def parameter_groups(stages: list[list[Any]], head: list[Any], settings: TuneSettings) -> list[dict[str, Any]]:
    """Groups for the optimizer: the head, then the stages from the top, each with its rate at the peak.

    Args:
        stages: parameters of the stages that are learned, the lowest first.
        head: parameters of the head.
        settings: rates and decay.
    """
    groups = _groups(head, settings.head_rate, settings.decay, -1)
    for depth, parameters in enumerate(reversed(stages)):
        groups += _groups(parameters, settings.rate * settings.slower**depth, settings.decay, depth)
    return groups


def learning(depth: int, epoch: int, settings: TuneSettings) -> bool:
    """Whether a stage learns in this epoch.

    Args:
        depth: stages above it; -1 is the head.
        epoch: counted from 0.
        settings: `thaw` is what counts.
    """
    return epoch >= begins(depth, settings)


def begins(depth: int, settings: TuneSettings) -> int:
    """The epoch, counted from 0, from which on a stage learns; arguments as `learning`."""
    return 0 if depth < 0 else math.ceil(depth * settings.thaw)


def factor(step: int, steps: int, warm_up: float, since: int = 0) -> float:
    """What rates are multiplied by: a straight rise, then half a cosine down to nothing (Loshchilov & Hutter 2017).

    A stage that is thawed later rises later: the first steps of an optimizer that knows nothing of a weight yet are its
    boldest, and at the full rate they undo what the stage has learned.

    Args:
        step: counted from 0.
        steps: in all.
        warm_up: share of them in which it rises.
        since: the step from which on it learns.
    """
    rise = max(1, round(warm_up * steps))
    risen = min(1.0, (step - since + 1) / rise)
    return risen * 0.5 * (1 + math.cos(math.pi * max(0, step - rise) / max(1, steps - rise)))


def _groups(parameters: list[Any], rate: float, decay: float, depth: int) -> list[dict[str, Any]]:
    gentle = [each for each in parameters if each.ndim <= GENTLE]
    others = [each for each in parameters if each.ndim > GENTLE]
    return [
        {"params": some, "lr": rate, "peak": rate, "weight_decay": weight, "depth": depth}
        for some, weight in ((others, decay), (gentle, 0.0))
        if some
    ]
