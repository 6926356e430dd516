"""The distances that may tell a picture of nothing known, learned from features of known ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Distances
from fenlei.modelfile.layers import Normalise
from fenlei.training.basis import principal

DIRECTIONS = 64
SAMPLE = 256
"""Pictures from which the directions are found. More of either told strangers no better on any set we measured."""

MOST_POINTS = 512
NEAREST = 5
"""Which of the nearest pictures counts: one that is alone among others' pictures should not vouch for a stranger."""

SMALL = 1e-6

RELATIVE, NEIGHBOURS = "relative Mahalanobis", "neighbours"
BOTH = f"{RELATIVE} + {NEIGHBOURS}"

PARTS: dict[str, tuple[str, ...]] = {BOTH: (RELATIVE, NEIGHBOURS), RELATIVE: (RELATIVE,), NEIGHBOURS: (NEIGHBOURS,)}
"""Rules by name, each the sum of some distances, in the order in which equal ones are preferred."""


def relative(features: NDArray[np.float32], truth: NDArray[np.int64]) -> Distances:
    """Mahalanobis distance to the nearest class, less the Mahalanobis distance to all pictures.

    In a space where the scatter within classes is one in every direction and the scatter of all pictures has no
    cross terms, both are sums of squares.
    """
    sample = features[even_share(truth, SAMPLE)].astype(np.float64)
    mean, deviation = sample.mean(axis=0), sample.std(axis=0)
    typical = max(float(deviation.mean()), 1e-12)
    scaled = np.where(deviation > SMALL * typical, 1 / np.sqrt(np.maximum(deviation, 1e-12)), 0.0)
    directions = scaled[:, None] * _directions((sample - mean) * scaled)
    rows = (features - mean) @ directions
    _, place = np.unique(truth, return_inverse=True)
    counts = np.bincount(place)
    means = np.zeros((len(counts), rows.shape[1]))
    np.add.at(means, place, rows)
    means /= counts[:, None]
    inside, middle = rows - means[place], rows.mean(axis=0)
    spread, turn = np.linalg.eigh(_shrunk(inside.T @ inside / len(rows), len(rows)))
    whiten = turn / np.sqrt(spread)
    whole = _shrunk((rows - middle).T @ (rows - middle) / len(rows), len(rows))
    spread, turn = np.linalg.eigh(whiten.T @ whole @ whiten)
    mapped = whiten @ turn
    weight = directions @ mapped
    half, scale = _halved(weight)
    shift = (mean @ half.astype(np.float64)) * scale + middle @ mapped
    return Distances(
        weight=half,
        scale=scale,
        bias=(-shift).astype(np.float32),
        points=((means - middle) @ mapped).astype(np.float32),
        background=(1 / np.maximum(spread, SMALL)).astype(np.float32),
    )


def neighbours(features: NDArray[np.float32], truth: NDArray[np.int64]) -> Distances:
    """Distance to one of the nearest pictures, in direction alone. Of many pictures an even share of every class is
    kept."""
    sample = Normalise()(features[even_share(truth, SAMPLE)])
    half, scale = _halved(_directions(sample.astype(np.float64)))
    points = (Normalise()(features[even_share(truth, MOST_POINTS)]) @ half) * scale
    width = len(scale)
    return Distances(
        weight=half,
        scale=scale,
        bias=np.zeros(width, np.float32),
        points=points.astype(np.float16).astype(np.float32),
        background=np.zeros(width, np.float32),
        nearest=min(NEAREST, len(points)),
        unit=True,
    )


LEARN: dict[str, Callable[[NDArray[np.float32], NDArray[np.int64]], Distances]] = {
    RELATIVE: relative,
    NEIGHBOURS: neighbours,
}
"""Distances by name: from features (n, d) and class numbers (n,)."""


def learn_distance(part: str, features: NDArray[np.float32], truth: NDArray[np.int64]) -> Distances:
    """A distance by its name, learned from features (n, d) and class numbers (n,)."""
    return LEARN[part](features, truth)


def even_share(truth: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """At most `limit` rows, in order, that take turns over the classes and are spread over each class."""
    if len(truth) <= limit:
        return np.arange(len(truth))
    classes, counts = np.unique(truth, return_counts=True)
    shares, left = np.zeros(len(classes), np.int64), limit
    for place in np.argsort(counts, kind="stable"):
        waiting = int(np.sum(shares == 0))
        shares[place] = max(1, min(int(counts[place]), left // max(waiting, 1)))
        left -= int(shares[place])
    rows = [
        np.flatnonzero(truth == label)[np.linspace(0, count - 1, share).astype(np.int64)]
        for label, count, share in zip(classes, counts, shares, strict=True)
    ]
    return np.sort(np.concatenate(rows))[:limit]


def _directions(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The strongest directions (d, r) of rows (n, d); one of zeros where there is none."""
    found = principal(rows)[1][:, :DIRECTIONS]
    return found if found.shape[1] else np.zeros((rows.shape[1], 1))


def _shrunk(scatter: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """A scatter matrix drawn towards the same in every direction, the more so the fewer pictures there are for it."""
    width = len(scatter)
    typical = max(float(np.trace(scatter)) / width, SMALL)
    share = width / (width + count)
    return np.asarray((1 - share) * scatter + share * typical * np.eye(width))


def _halved(weight: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A matrix as it is kept: half precision with a scale for each column; it is used like that from here on."""
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-30).astype(np.float32)
    return (weight / scale).astype(np.float16).astype(np.float32), scale
