"""Prototypes: a picture belongs to the class whose mean direction is nearest by cosine.

Nearest class mean on directions (Mensink et al. 2013, "Distance-Based Image Classification"; the cosine head of Chen et
al. 2019, "A Closer Look at Few-shot Classification", with its prototypes in closed form). It has nothing that could be
fitted too closely, so it is at its best with a handful of pictures a class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Dense, Normalise
from fenlei.training.heads.kind import Fitted, Setting

SHARPNESS = 10.0
"""Cosines lie close together; ten times as large they are within the reach of the temperature."""

NOWHERE = -1.0
"""Cosine of a class without pictures."""


class PrototypeHead:
    """Directions, then one linear layer of unit prototypes."""

    name = "prototypes"

    @property
    def path(self) -> Sequence[Setting]:
        """How far prototypes are moved away from the mean of all classes: not at all, or altogether."""
        return [{"apart": 0.0}, {"apart": 1.0}]

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
        """See `HeadKind`. Nothing here is random, and nothing is searched for, so that `step` has no turn."""
        directions = Normalise()(rows.astype(np.float32)).astype(np.float64)
        counted = np.ones(len(rows)) if weights is None else weights
        belongs = np.zeros((len(rows), classes))
        belongs[np.arange(len(rows)), truth] = counted
        sizes = belongs.sum(axis=0)
        means = (belongs / np.maximum(sizes, 1e-12)).T @ directions
        there = sizes > 0
        means[there] -= setting["apart"] * means[there].mean(axis=0)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        weight = SHARPNESS * (means / np.maximum(lengths, 1e-12)).T
        bias = np.where(there, 0.0, SHARPNESS * NOWHERE)
        return Fitted((Normalise(), Dense(weight.astype(np.float32), bias.astype(np.float32))))
