"""Where a model looks: what its belief in a class loses when a part of the picture is covered.

Nothing but answers is needed, so it works for every network and every head. Zeiler & Fergus 2014, "Visualizing and
Understanding Convolutional Networks", cover with a grey square; here, as in Petsiuk et al. 2018, "RISE", the cover has
soft edges, so that no corner is seen that is not there, and it has the mean colour of the picture. Covers of several
sizes lie on regular grids: nothing is drawn by chance, and the same picture gives the same map.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

GRIDS = (4, 8)
"""Covers to a side, from coarse to fine: a large cover finds what a small one leaves enough of to be recognised."""

BATCH = 32
"""Covered pictures in memory at a time."""


def covers_of(grids: Sequence[int]) -> int:
    """How many covers these grids have, which is how many passes through the network a map takes, but one."""
    return sum(grid * grid for grid in grids)


def covered(pixels: NDArray[np.uint8], grids: Sequence[int] = GRIDS) -> Iterator[NDArray[np.uint8]]:
    """The picture under each cover, the coarse ones first, row by row.

    Args:
        pixels: (h, w, 3), a prepared input.
        grids: covers to a side.

    Yields:
        (up to BATCH, h, w, 3) uint8.
    """
    colour = pixels.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
    plain, batch = pixels.astype(np.float32), []
    for grid in grids:
        down, across = (_windows(side, grid) for side in pixels.shape[:2])
        for row in down:
            for column in across:
                cover = np.outer(row, column)[..., None]
                batch.append(np.rint(plain + (colour - plain) * cover).astype(np.uint8))
                if len(batch) == BATCH:
                    yield np.stack(batch)
                    batch = []
    if batch:
        yield np.stack(batch)


def heat_of(
    whole: NDArray[np.float64],
    under: NDArray[np.float64],
    label: int,
    size: tuple[int, int],
    grids: Sequence[int] = GRIDS,
) -> NDArray[np.float32]:
    """The map: by how much the odds of a class fall when a place is covered, in nats.

    Odds and not scores, because a score near one hardly moves whatever is covered.

    Args:
        whole: (classes,) logits of the picture.
        under: (m, classes) logits under each cover, in the order of `covered`.
        label: number of the class.
        size: (height, width) of the input.
        grids: as for `covered`.

    Returns:
        (height, width) float32. Above zero: what is there speaks for the class; below: against it.
    """
    drops = log_odds(whole[None], label)[0] - log_odds(under, label)
    total, place = np.zeros(size), 0
    for grid in grids:
        down, across = (_windows(side, grid) for side in size)
        drop = drops[place : place + grid * grid].reshape(grid, grid)
        place += grid * grid
        # The mean of the covers over each pixel, weighed by how much of it each one covers.
        total += (down.T @ drop @ across) / np.outer(down.sum(axis=0), across.sum(axis=0))
    return np.asarray(total / len(grids), np.float32)


def _windows(side: int, grid: int) -> NDArray[np.float32]:
    """(grid, side) profiles of the covers along one side: raised cosines, each half way into its neighbours."""
    step = side / grid
    centres = (np.arange(grid) + 0.5) * step
    apart = np.abs(np.arange(side) + 0.5 - centres[:, None]) / step
    inside = np.where(apart < 1, np.cos(np.pi / 2 * np.minimum(apart, 1)) ** 2, 0.0)
    return np.asarray(inside, np.float32)


def log_odds(logits: NDArray[np.float64], label: int) -> NDArray[np.float64]:
    """(n,) logarithm of a class's score over the sum of all others', from (n, classes) logits."""
    others = np.delete(logits, label, axis=1)
    most = others.max(axis=1)
    return np.asarray(logits[:, label] - most - np.log(np.exp(others - most[:, None]).sum(axis=1)))
