"""A small neural network: one hidden layer, for classes that no straight line parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones.needs import need
from fenlei.modelfile import Dense, Relu
from fenlei.training.basis import ROW_ENERGY
from fenlei.training.heads.kind import Fitted, Setting

BATCH = 96
LEAST_STEPS, MOST_STEPS = 120, 4000
BETWEEN = 20
"""Batches after which one may be asked to stop: some tens of milliseconds."""

WARM_UP = 0.1
SMOOTHING = 0.05
"""Label smoothing (Szegedy et al. 2016): an answer that is right by far is not pushed farther."""


class NetworkHead:
    """Dense, ReLU, dense; AdamW with a warm-up and a cosine (Loshchilov & Hutter 2019), dropout, label smoothing."""

    name = "small neural network"

    @property
    def path(self) -> Sequence[Setting]:
        """One setting that is good on many sets; the search finds others. With some hundred pictures what counts is
        that it cannot learn them by heart: nearly all hidden numbers are dropped at a time, and weights decay fast."""
        return [{"hidden": 512, "dropout": 0.8, "decay": 1.0, "rate": 5e-3, "epochs": 90}]

    @property
    def begin(self) -> int:
        """At the steadiest."""
        return 0

    def fit(
        self,
        rows: NDArray[Any],
        truth: NDArray[np.int64],
        classes: int,
        weights: NDArray[np.float64] | None,
        setting: Setting,
        *,
        seed: int,
        start: Any = None,
        fine: bool = False,
        step: Callable[[], None] = lambda: None,
    ) -> Fitted:
        """See `HeadKind`. One thread of torch, numbers from `seed` alone."""
        need("torch", "learn a small network")
        import torch

        count, width = rows.shape
        scale = math.sqrt(width / ROW_ENERGY)  # coordinates of about one, whatever their number
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                inside, outside = _train(
                    torch.from_numpy(np.ascontiguousarray(rows, np.float32) * np.float32(scale)),
                    torch.from_numpy(truth),
                    None if weights is None else torch.from_numpy(weights * count / weights.sum()).float(),
                    classes,
                    setting,
                    step,
                )
        finally:
            torch.set_num_threads(threads)
        first = Dense(inside[0] * np.float32(scale), inside[1])
        return Fitted((first, Relu(), Dense(*outside)))


Arrays = tuple[NDArray[np.float32], NDArray[np.float32]]


def _train(
    rows: Any, truth: Any, weights: Any, classes: int, setting: Setting, step: Callable[[], None]
) -> tuple[Arrays, Arrays]:
    import torch
    from torch.nn import functional

    hidden = int(setting["hidden"])
    first = torch.nn.Linear(rows.shape[1], hidden)
    last = torch.nn.Linear(hidden, classes)
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    parameters = [*first.parameters(), *last.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=setting["rate"], weight_decay=setting["decay"])
    each = max(1, len(rows) // BATCH)
    steps = min(MOST_STEPS, max(LEAST_STEPS, round(setting["epochs"] * each)))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda number: _rate(number, steps))
    order = torch.randperm(len(rows))
    place = 0
    for number in range(steps):
        if number % BETWEEN == 0:
            step()
        if place + BATCH > len(rows):
            order, place = torch.randperm(len(rows)), 0
        batch = order[place : place + BATCH]
        place += BATCH
        logits = last(functional.dropout(functional.relu(first(rows[batch])), setting["dropout"]))
        losses = functional.cross_entropy(logits, truth[batch], reduction="none", label_smoothing=SMOOTHING)
        loss = losses.mean() if weights is None else (losses * weights[batch]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return _arrays(first), _arrays(last)


def _rate(step: int, steps: int) -> float:
    warm = max(1, round(WARM_UP * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _arrays(layer: Any) -> Arrays:
    return (
        np.ascontiguousarray(layer.weight.detach().numpy().T, np.float32),
        np.array(layer.bias.detach().numpy(), np.float32),
    )
