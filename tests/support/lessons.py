"""The smallest training of a network that there is: rows of numbers in place of pictures, a module of a few weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fenlei.training.finetune.checkpoint import Checkpoint
from fenlei.training.finetune.device import open_fabric
from fenlei.training.finetune.loop import Course, Lesson, learn
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.finetune.source import Order, Source


class Student(torch.nn.Module):
    """Anything from rows to features, with a linear head that knows nothing."""

    def __init__(self, network: Any, width: int, classes: int) -> None:
        super().__init__()
        self.network = network
        self.head = torch.nn.Linear(width, classes)
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)

    def forward(self, rows: Any) -> Any:
        return self.head(self.network(rows))


class Rows:
    """Rows as they are, and in some epochs as their opposites.

    Args:
        rows: (n, c, h, w).
        opposite_from: the epoch, counted from 0, from which on the network is shown opposites.
    """

    def __init__(self, rows: NDArray[np.float32], opposite_from: int = 1 << 30) -> None:
        self._rows, self._opposite_from = torch.from_numpy(rows), opposite_from

    def altered(self, order: Order, epoch: int) -> Iterator[Any]:
        sign = -1 if epoch >= self._opposite_from else 1
        yield from (sign * rows for rows in self.plain(order))

    def plain(self, order: Order) -> Iterator[Any]:
        for rows in order:
            yield self._rows[rows]


def learned(
    student: Any,
    stages: list[list[Any]],
    source: Source,
    truth: NDArray[np.int64],
    settings: TuneSettings,
    *,
    watched: Sequence[int] = (),
    epochs: int | None = None,
    per_class: NDArray[np.float64] | None = None,
    checkpoint: Path | None = None,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Course:
    """Train on a CPU; rows that do not watch are learned from."""
    watching = np.array(watched, np.int64)
    learning = np.setdiff1d(np.arange(len(truth)), watching)
    lesson = Lesson(truth, int(truth.max()) + 1, per_class, learning, watching, epochs or settings.epochs)
    return learn(
        student,
        stages,
        source,
        lesson,
        settings,
        fabric=open_fabric("cpu"),
        checkpoint=Checkpoint(checkpoint, settings, ""),
        step=step,
    )
