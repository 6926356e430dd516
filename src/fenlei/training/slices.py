"""Where a model is weaker: its accuracy on dark and bright, blurred and sharp, small and large pictures, by source."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.training.evaluation import wilson_interval

QUARTERS = (0.25, 0.5, 0.75)

LEAST = 8
"""Pictures below which nothing is said of a slice."""

MOST_SOURCES = 12

NOISE = 0.05
"""Chance that any slice at all is said to differ where none does; shared out over the slices (Bonferroni)."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Some pictures of the test part that look alike, or come from one place.

    Attributes:
        kind: `brightness` (mean grey level, 0 to 1), `sharpness` (variance of the Laplacian), `pixels` (width times
            height) or `source` (folder inside the class, or how the file's name begins).
        name: of a source; empty where it goes by numbers.
        low: least value in it; None of a source.
        high: largest value in it; None of a source.
        pictures: how many.
        right: of those.
        accuracy: share of them.
        interval: Wilson's 95 % interval of it.
        difference: accuracy here less accuracy on all other pictures of the test part.
        difference_interval: Newcombe's interval of that, so wide that all slices together differ by chance in one of
            twenty reports.
        differs: whether zero is outside of it.
    """

    kind: str
    name: str
    low: float | None
    high: float | None
    pictures: int
    right: int
    accuracy: float
    interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]
    differs: bool


def slices(
    measures: dict[str, NDArray[np.float64]], sources: Sequence[str | None], right: NDArray[np.bool_]
) -> list[Slice]:
    """Cut the test part into slices, and judge each against the rest.

    Args:
        measures: by kind, (n,) values; NaN where nothing is known.
        sources: (n) where each picture comes from; None where nothing is known.
        right: (n,) whether it was called right.

    Returns:
        By kind, from low to high; of one kind either none or at least two.
    """
    cut: list[tuple[str, str, float | None, float | None, NDArray[np.bool_]]] = []
    for kind, values in measures.items():
        cut += [(kind, "", *bounds, inside) for bounds, inside in _quarters(values)]
    counts = Counter(source for source in sources if source is not None)
    named = [name for name, pictures in counts.most_common(MOST_SOURCES) if pictures >= LEAST]
    if len(named) > 1:
        cut += [("source", name, None, None, np.array([each == name for each in sources])) for name in sorted(named)]
    z = NormalDist().inv_cdf(1 - NOISE / 2 / max(len(cut), 1))
    return [_slice(kind, name, low, high, inside, right, z) for kind, name, low, high, inside in cut]


def sources_of(names: Sequence[str], labels: Sequence[str]) -> list[str | None]:
    """Where pictures come from, as far as their names tell.

    That is the folder below the class's, or else how the file's name begins (`IMG_`, `DSC`): cameras and people name
    in their own ways. What only tells the class once more is no source.

    Args:
        names: (n) paths with `/`.
        labels: (n) their classes.
    """
    for found in (
        [_folder(name, label) for name, label in zip(names, labels, strict=True)],
        [_beginning(name) for name in names],
    ):
        pairs = {(source, label) for source, label in zip(found, labels, strict=True) if source is not None}
        several = {source for source, _ in pairs}
        if len(several) > 1 and len(pairs) > len(several):
            return found
    return [None] * len(names)


def _folder(name: str, label: str) -> str | None:
    folders = PurePosixPath(name).parts[:-1]
    below = folders[len(folders) - folders[::-1].index(label) :] if label in folders else ()
    return "/".join(below) or None


def _beginning(name: str) -> str | None:
    return re.split(r"\d", PurePosixPath(name).stem, maxsplit=1)[0].rstrip("-_ .(") or None


def _quarters(values: NDArray[np.float64]) -> list[tuple[tuple[float, float], NDArray[np.bool_]]]:
    """Four slices of the same size, fewer where many values are equal; none where there would be one."""
    known = np.isfinite(values)
    if known.sum() < 2 * LEAST:
        return []
    edges = np.unique(np.quantile(values[known], QUARTERS, method="lower"))
    number = np.searchsorted(edges, values, side="left")
    found = []
    for place in range(len(edges) + 1):
        inside = known & (number == place)
        if inside.sum() >= LEAST:
            found.append(((float(values[inside].min()), float(values[inside].max())), inside))
    return found if len(found) > 1 else []


def _slice(
    kind: str,
    name: str,
    low: float | None,
    high: float | None,
    inside: NDArray[np.bool_],
    right: NDArray[np.bool_],
    z: float,
) -> Slice:
    pictures, hits = int(inside.sum()), int(right[inside].sum())
    others, elsewhere = int((~inside).sum()), int(right[~inside].sum())
    accuracy = hits / pictures
    difference = accuracy - elsewhere / others if others else 0.0
    least, most = _newcombe(hits, pictures, elsewhere, others, z)
    return Slice(
        kind=kind,
        name=name,
        low=low,
        high=high,
        pictures=pictures,
        right=hits,
        accuracy=accuracy,
        interval=wilson_interval(hits, pictures),
        difference=difference,
        difference_interval=(least, most),
        differs=others > 0 and not least <= 0 <= most,
    )


def _newcombe(hits: int, trials: int, others: int, other_trials: int, z: float) -> tuple[float, float]:
    """Interval of the difference of two shares, from their Wilson intervals (Newcombe 1998, method 10)."""
    if not other_trials:
        return -1.0, 1.0
    one, other = hits / trials, others / other_trials
    low, high = wilson_interval(hits, trials, z)
    other_low, other_high = wilson_interval(others, other_trials, z)
    return (
        one - other - math.hypot(one - low, other_high - other),
        one - other + math.hypot(high - one, other - other_low),
    )
