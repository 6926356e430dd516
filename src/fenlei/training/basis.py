"""The space a head learns in: features made comparable, in few well-behaved directions.

Features are divided by the square root of their deviation, and the principal directions of the result once more by
the square root of theirs: half standardised, half whitened. Full standardisation blows up features that hardly move,
none lets a few loud ones decide; half of each was better on every set we measured, by 4 to 18 % of the log loss than
the first and by up to 14 % than the second (docs/adr/0005-how-a-head-is-learned.md). Both are linear, so they fold
into the weights of the head and cost nothing when serving.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Dense, Layer

ROW_ENERGY = 1000.0
"""Mean squared length of a row in the new space, so that one strength means the same for every backbone."""

ENERGY_KEPT = 1 - 1e-4
"""Share of the variance that the kept directions carry. What is dropped is noise, and the solver's time."""

MAX_DIRECTIONS = 1536
MAX_SAMPLE = 20_000
"""Rows from which the directions are found; more do not move them."""


@dataclass(frozen=True)
class Basis:
    """A linear map from features to the space the head learns in: (features - mean) @ directions.

    Attributes:
        mean: (d,) float64.
        directions: (d, r) float64, strongest first.
    """

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]

    def project(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, d) features as (n, r) coordinates."""
        return (features - self.mean.astype(np.float32)) @ self.directions.astype(np.float32)

    def fold(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """Layers on coordinates as layers on the features as they come from the backbone."""
        first, rest = layers[0], tuple(layers[1:])
        if isinstance(first, Dense):
            weight = self.directions @ first.weight.astype(np.float64)
            bias = first.bias - self.mean @ weight
        else:
            weight, bias, rest = self.directions, -self.mean @ self.directions, tuple(layers)
        return (Dense(weight.astype(np.float32), bias.astype(np.float32)), *rest)


def find_basis(features: NDArray[np.float32]) -> Basis:
    """Find the space for these features (n, d). Looks at no labels. n = 1 gives a space in which all is zero."""
    sample = features
    if len(features) > MAX_SAMPLE:
        sample = features[np.linspace(0, len(features) - 1, MAX_SAMPLE).astype(np.int64)]
    mean = sample.mean(axis=0, dtype=np.float64)
    deviation = sample.std(axis=0, dtype=np.float64)
    typical = float(deviation.mean())
    # A feature that never moves in these pictures says nothing about the next one either.
    scale = np.where(deviation > 1e-6 * max(typical, 1e-12), 1 / np.sqrt(np.maximum(deviation, 1e-12)), 0.0)
    centred = (sample - mean) * scale
    energy, directions = principal(centred)
    if not len(energy):
        return Basis(mean, np.zeros((features.shape[1], 1)))
    halfway = energy**-0.25
    total = float(np.sum(energy * halfway**2))
    return Basis(mean, scale[:, None] * directions * (halfway * np.sqrt(ROW_ENERGY / total)))


def principal(centred: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Variances (r,) and unit directions (d, r) of centred rows, strongest first, by the smaller of the two Gram
    matrices."""
    rows, columns = centred.shape
    wide = rows < columns
    gram = (centred @ centred.T if wide else centred.T @ centred) / rows
    energy, vectors = np.linalg.eigh(gram)
    energy, vectors = energy[::-1], vectors[:, ::-1]
    if energy[0] <= 0:
        return np.zeros(0), np.zeros((columns, 0))
    kept = int(np.searchsorted(np.cumsum(energy), ENERGY_KEPT * float(energy[energy > 0].sum()))) + 1
    kept = min(kept, MAX_DIRECTIONS, int(np.sum(energy > 1e-9 * energy[0])))
    energy, vectors = energy[:kept], vectors[:, :kept]
    if wide:
        vectors = centred.T @ vectors / np.sqrt(rows * energy)
    # Eigenvectors come with either sign; fix it, so that equal data give equal numbers everywhere.
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(kept)])
    return energy, vectors * signs
