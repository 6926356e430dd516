"""One opinion on the features: layers that end in a logit for each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile.layers import Dense, Layer


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows (n, c) of logits as scores that sum to one."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Voter:
    """Layers on some columns of the features.

    Attributes:
        layers: run in order; the last is dense, or of nearest neighbours, and gives one logit per class.
        columns: first and one past the last column of the features that it reads; None reads all.
        temperature: > 0; divides its logits before it votes with others.
        share: of the vote, > 0; the shares of a head's voters sum to one.
    """

    layers: tuple[Layer, ...]
    columns: tuple[int, int] | None = None
    temperature: float = 1.0
    share: float = 1.0

    @property
    def plain(self) -> bool:
        """Whether it is one dense layer on all features."""
        return self.columns is None and len(self.layers) == 1 and isinstance(self.layers[0], Dense)

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, features) -> (n, classes), before any temperature."""
        rows = features if self.columns is None else features[:, slice(*self.columns)]
        for layer in self.layers:
            rows = layer(rows)
        return rows.astype(np.float64)

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """What it votes: (n, features) -> (n, classes), rows that sum to one."""
        return softmax(self.logits(features) / self.temperature)
