"""Compare rules without pictures of anything else: classes take turns at being unknown, and a few pictures are drawn.

Each round learns from pictures of the other classes only; then it is asked to tell pictures of those classes that it
had not seen from pictures of the classes left out, which are near to them, and from drawn ones, which are far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.split import stratified_folds
from fenlei.modelfile import HeadMeasure
from fenlei.modelfile.unknown import HEAD_MEASURES
from fenlei.training.auroc import auroc
from fenlei.training.basis import find_basis
from fenlei.training.calibration import fit_temperature
from fenlei.training.head import judge
from fenlei.training.heads import HeadKind, Setting
from fenlei.training.one_thread import one_thread
from fenlei.training.unknown.rules import LEARN, PARTS, SAMPLE, even_share

FEWEST_CLASSES = 3
"""With two, one would be left, and nothing to tell classes by."""

MOST_ROUNDS = 6
MOST_COMPARED = 700
"""Pictures that take part; more do not change the order of the rules, and take time."""

HELD_BACK = 4
"""One known picture in so many is held back to be asked about."""

Asked = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""What a measure says of known pictures, of pictures of classes left out, and of drawn ones."""


@dataclass(frozen=True)
class Compared:
    """How well one rule did, the mean over the rounds.

    Attributes:
        rule: its name.
        auroc: on pictures of classes left out.
        drawn: AUROC on drawn pictures.
        found: share of pictures of the classes left out that were found at the false-reject rate.
    """

    rule: str
    auroc: float
    drawn: float
    found: float

    @property
    def mean(self) -> float:
        """Near and far strangers count alike."""
        return (self.auroc + self.drawn) / 2


def compare(
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    drawn: NDArray[np.float32],
    kind: HeadKind,
    setting: Setting,
    *,
    false_rejects: float,
    seed: int,
) -> list[Compared]:
    """Every rule with what it did, in the order of preference; none where there are too few classes.

    Args:
        features: (n, d).
        truth: (n,) class numbers.
        groups: (n,) duplicate groups.
        drawn: (m, d) features of pictures of nothing.
        kind: of head, for the rules that look at one.
        setting: to learn it with.
        false_rejects: share of known pictures that may be called unknown.
        seed: decides who is held back and who is left out together.
    """
    rows = even_share(truth, MOST_COMPARED)
    features, truth, groups = features[rows], truth[rows], groups[rows]
    present = np.unique(truth)
    if len(present) < FEWEST_CLASSES:
        return []
    back = np.array(stratified_folds(truth.tolist(), groups.tolist(), HELD_BACK, seed + 15_485_863)) == 0
    rounds: list[dict[str, Asked]] = []
    with one_thread():
        for left_out in _rounds(present, seed):
            strange = np.isin(truth, left_out)
            learned, known = ~strange & ~back, ~strange & back
            # A picture of an unknown class that has a twin in a known one is not unknown.
            strange &= ~np.isin(groups, groups[learned | known])
            if not known.any() or not strange.any() or len(np.unique(truth[learned])) < 2:
                continue
            asked = [features[known], features[strange], drawn]
            rounds.append(
                _by_distance(features[learned], truth[learned], asked)
                | _by_head(features[learned], truth[learned], asked, truth[known], kind, setting, seed)
            )
    return [_mean(name, [each[name] for each in rounds], false_rejects) for name in (rounds[0] if rounds else [])]


def rounds_compared(classes: int) -> int:
    """How many rounds there are of so many classes."""
    return 0 if classes < FEWEST_CLASSES else min(MOST_ROUNDS, classes)


def _rounds(present: NDArray[np.int64], seed: int) -> Sequence[NDArray[np.int64]]:
    """Which classes are unknown in each round: each once."""
    order = np.random.default_rng(seed).permutation(present)
    return np.array_split(order, min(MOST_ROUNDS, len(order)))


def _by_distance(
    features: NDArray[np.float32], truth: NDArray[np.int64], asked: Sequence[NDArray[np.float32]]
) -> dict[str, Asked]:
    parts = {}
    for name, learn in LEARN.items():
        measure = learn(features, truth)
        known, strange, drawn = (measure(rows) for rows in asked)
        centre, spread = typical(known)
        parts[name] = tuple((measured - centre) / spread for measured in (known, strange, drawn))
    return {
        rule: (
            np.sum([parts[name][0] for name in names], axis=0),
            np.sum([parts[name][1] for name in names], axis=0),
            np.sum([parts[name][2] for name in names], axis=0),
        )
        for rule, names in PARTS.items()
    }


def _by_head(
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    asked: Sequence[NDArray[np.float32]],
    asked_truth: NDArray[np.int64],
    kind: HeadKind,
    setting: Setting,
    seed: int,
) -> dict[str, Asked]:
    labels, numbers = np.unique(truth, return_inverse=True)
    basis = find_basis(features[even_share(truth, SAMPLE)])
    fitted = kind.fit(basis.project(features), numbers, len(labels), None, setting, seed=seed)
    known, strange, drawn = (judge(fitted.layers, basis.project(rows)) for rows in asked)
    temperature = fit_temperature(known, np.searchsorted(labels, asked_truth))
    found = {}
    for name in HEAD_MEASURES:
        measure = HeadMeasure(name, temperature)
        found[name] = measure(known), measure(strange), measure(drawn)
    return found


def typical(known: NDArray[np.float64]) -> tuple[float, float]:
    """The middle of what known pictures measure, and how far the last of twenty lies from it."""
    middle, far = np.quantile(known, [0.5, 0.95])
    return float(middle), max(float(far - middle), 1e-6 * max(1.0, abs(float(middle))))


def _mean(name: str, rounds: Sequence[Asked], false_rejects: float) -> Compared:
    near = [auroc(known, strange) for known, strange, _ in rounds]
    far = [auroc(known, drawn) for known, _, drawn in rounds]
    found = [np.mean(strange > np.quantile(known, 1 - false_rejects)) for known, strange, _ in rounds]
    return Compared(name, *(round(float(np.mean(each)), 4) for each in (near, far, found)))
