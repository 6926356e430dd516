"""Layers of a head: what may stand between a backbone's features and the logits of the classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile.neighbours import Neighbours

SHORTEST = 1e-12
"""A row of zeros has no direction; it stays one of zeros."""


@dataclass(frozen=True)
class Dense:
    """x @ weight + bias.

    Attributes:
        weight: (in, out) float32.
        bias: (out,) float32.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, in) -> (n, out)."""
        given: NDArray[np.float32] = rows @ self.weight + self.bias
        return given


@dataclass(frozen=True)
class Relu:
    """What is below zero becomes zero."""

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, d) -> (n, d)."""
        return np.maximum(rows, np.float32(0))


@dataclass(frozen=True)
class Normalise:
    """Rows of length one: the next layer sees directions, so that its logits are cosines."""

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, d) -> (n, d)."""
        lengths = np.sqrt(np.sum(rows * rows, axis=1, keepdims=True))
        given: NDArray[np.float32] = rows / np.maximum(lengths, np.float32(SHORTEST))
        return given


Layer = Dense | Relu | Normalise | Neighbours

NAMES: dict[type, str] = {Dense: "dense", Relu: "relu", Normalise: "normalise", Neighbours: "neighbours"}
"""How layers are called in the manifest."""

WITHOUT_NUMBERS: dict[str, Layer] = {"relu": Relu(), "normalise": Normalise()}
