"""Heads of every build for tests: random numbers, real arithmetic."""

from __future__ import annotations

import numpy as np

from fenlei.modelfile import Dense, Head, Neighbours, Normalise, Relu, Voter


def dense(inside: int, outside: int, seed: int) -> Dense:
    """A layer of random numbers."""
    rng = np.random.default_rng([seed, inside, outside])
    weight = rng.normal(0, 1.5 / np.sqrt(inside), (inside, outside)).astype(np.float32)
    return Dense(weight, rng.normal(0, 0.3, outside).astype(np.float32))


def neighbours(width: int, classes: int, count: int) -> Neighbours:
    """Points of every class, of which some are there twice, with another class too."""
    rng = np.random.default_rng([width, classes, count])
    points = Normalise()(rng.normal(0, 1, (30, width)).astype(np.float32))
    points[25:] = points[:5]
    weights = rng.uniform(0.5, 2, 30).astype(np.float32)
    return Neighbours(points, np.arange(30) % classes, weights, classes, count, 0.2)


def heads(width: int, classes: int) -> dict[str, Head]:
    """One head of each build, by what it is."""
    hidden = Voter((dense(width, 8, 1), Relu(), dense(8, classes, 2)))
    cosine = Voter((dense(width, 6, 3), Normalise(), dense(6, classes, 4)))
    left = Voter((dense(width - 4, classes, 5),), (0, width - 4), 1.7, 0.25)
    right = Voter((dense(4, 5, 6), Relu(), dense(5, classes, 7)), (width - 4, width), 0.6, 0.75)
    scale = np.linspace(0.5, 2, classes).astype(np.float32)
    shift = np.linspace(-0.4, 0.7, classes).astype(np.float32)
    asked = Voter((dense(width, 6, 8), Normalise(), neighbours(6, classes, 7)))
    return {
        "linear": Head((Voter((dense(width, classes, 0),)),), 1.3),
        "linear, by class": Head((Voter((dense(width, classes, 0),)),), 1.0, scale, shift),
        "hidden layer": Head((hidden,), 0.8),
        "cosine": Head((cosine,), 0.2),
        "neighbours": Head((asked,), 0.6),
        "neighbours, by class": Head((Voter((Normalise(), neighbours(width, classes, 1))),), 1.0, scale, shift),
        "vote": Head((left, right), 0.7),
        "vote, by class": Head((left, right), 1.0, scale, shift),
    }
