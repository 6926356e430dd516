"""Nearest neighbours: a picture belongs where the training pictures most like it belong.

Nothing is fitted, so classes may be of any shape. The weighted vote is that of Wu et al. 2018, "Unsupervised Feature
Learning via Non-Parametric Instance Discrimination", as Caron et al. 2021 (DINO) use it to judge features; the space is
that of all heads, see `basis`, and the rest `modelfile.neighbours`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Neighbours, Normalise
from fenlei.training.errors import TrainingError
from fenlei.training.heads.kind import Fitted, Setting

COUNTS = (50, 20, 10, 5, 3, 1)
"""How many may vote where nobody says how many do. Of few pictures all vote at most."""

TEMPERATURE = 0.07
"""Of both papers."""

MOST_BYTES = 256 << 20
"""Of the points in a model file, with the class of each as an exported network has it."""


class NeighboursHead:
    """Directions, then the vote of the nearest pictures."""

    name = "nearest neighbours"

    @property
    def path(self) -> Sequence[Setting]:
        """How many vote, from many to one."""
        return [{"neighbours": float(count)} for count in COUNTS]

    @property
    def begin(self) -> int:
        """At ten: mostly near the best."""
        return COUNTS.index(10)

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
        """See `HeadKind`. Nothing here is random, and nothing is searched for.

        Raises:
            TrainingError: there are more pictures than a model file should hold.
        """
        check_kept(len(rows), rows.shape[1], classes)
        counted = np.ones(len(rows)) if weights is None else weights
        layer = Neighbours(
            Normalise()(rows.astype(np.float32)),
            truth,
            counted.astype(np.float32),
            classes,
            count=min(int(setting["neighbours"]), len(rows)),
            temperature=TEMPERATURE,
        )
        return Fitted((Normalise(), layer))


def check_kept(pictures: int, width: int, classes: int) -> None:
    """Refuse more pictures than a model file should hold.

    Args:
        pictures: that are kept, altered copies among them.
        width: numbers of each.
        classes: number of classes.

    Raises:
        TrainingError: they are too many.
    """
    each = 4 * (width + classes)
    if pictures * each > MOST_BYTES:
        raise TrainingError(
            f"Nearest neighbours keep every picture in the model: {pictures:,} of {width:,} numbers each are "
            f"{pictures * each >> 20} MiB, and at most {MOST_BYTES >> 20} MiB can be kept, which is "
            f"{MOST_BYTES // each:,} pictures. Learn from a sample of them or without altered copies, or learn a "
            "linear head."
        )
