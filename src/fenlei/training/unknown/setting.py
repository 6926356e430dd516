"""Choose a rule for pictures of nothing known, and set its threshold on known pictures that it had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fenlei.modelfile import Distances, HeadMeasure, Unknown
from fenlei.modelfile.unknown import HEAD_MEASURES
from fenlei.training.folds import Folds
from fenlei.training.head import DEFAULT_STRENGTH
from fenlei.training.heads import KINDS, LOGISTIC, SVM, Setting
from fenlei.training.unknown.leave_out import Compared, compare, typical
from fenlei.training.unknown.rules import BOTH, LEARN, PARTS, even_share

CLEARLY = 0.02
"""By so much a rule must do better than one that is preferred."""

FEWEST = 8
"""Known pictures below which a threshold would say nothing."""

MOST_THRESHOLD = 3_000
"""Known pictures by which the threshold is set."""


@dataclass(frozen=True)
class Lead:
    """The head's first voter, as the search judged it.

    Attributes:
        kind: which of `heads.KINDS`, or another one.
        setting: that it learned with.
        temperature: what its logits are divided by.
        logits: (n, c) of pictures by heads that had not seen them.
        held_out: (n,) where there are some.
    """

    kind: str
    setting: Setting
    temperature: float
    logits: NDArray[np.float64]
    held_out: NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """A rule that was chosen.

    Attributes:
        name: which.
        compared: what each rule did; none where that was not looked at.
        parts: centre and spread of each distance that it adds up.
        centre: see `Unknown`.
        threshold: see `Unknown`.
        false_rejects: share of known pictures that may be called unknown.
        pictures: known pictures by which the threshold was set.
        temperature: of a measure on the head.
    """

    name: str
    compared: Sequence[Compared]
    parts: tuple[tuple[float, float], ...]
    centre: float
    threshold: float
    false_rejects: float
    pictures: int
    temperature: float

    def learn(self, features: NDArray[np.float32], truth: NDArray[np.int64]) -> Unknown:
        """The rule, learned from these pictures: (n, d), (n,)."""
        measure: tuple[Distances, ...] | HeadMeasure
        if self.name in HEAD_MEASURES:
            measure = HeadMeasure(self.name, self.temperature)
        else:
            with threadpool_limits(1, user_api="blas"):
                measure = tuple(
                    replace(LEARN[part](features, truth), centre=centre, spread=spread)
                    for part, (centre, spread) in zip(PARTS[self.name], self.parts, strict=True)
                )
        return Unknown(self.name, measure, self.centre, self.threshold, self.false_rejects)


def set_rule(
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    folds: Folds,
    lead: Lead,
    drawn: NDArray[np.float32] | None,
    *,
    false_rejects: float,
    seed: int,
) -> Rule | None:
    """Choose a rule by classes left out in turn and by drawn pictures, and set its threshold by folds.

    Args:
        features: (n, d) of the training part.
        truth: (n,) class numbers.
        groups: (n,) duplicate groups.
        folds: of these pictures.
        lead: for the rules that look at the head.
        drawn: (m, d) features of pictures of nothing; None takes the usual rule without comparing.
        false_rejects: share of known pictures that may be called unknown.
        seed: of whatever is drawn.

    Returns:
        The rule; None where nothing can be held out.
    """
    # Heads that take long to learn are stood in for by one that does not.
    quick = lead.kind in (LOGISTIC, SVM)
    kind = KINDS[lead.kind if quick else LOGISTIC]
    setting = lead.setting if quick else {"strength": DEFAULT_STRENGTH}
    compared = []
    if drawn is not None:
        compared = compare(features, truth, groups, drawn, kind, setting, false_rejects=false_rejects, seed=seed)
    name = _best(compared)
    parts: list[tuple[float, float]] = []
    if name in HEAD_MEASURES:
        known = HeadMeasure(name, lead.temperature)(lead.logits[lead.held_out])
    else:
        measured = [_held_out(part, features, truth, folds) for part in PARTS[name]]
        if len(measured[0]) < FEWEST:
            return None
        parts = [typical(each) for each in measured]
        known = np.sum(
            [(each - centre) / spread for each, (centre, spread) in zip(measured, parts, strict=True)], axis=0
        )
    if len(known) < FEWEST:
        return None
    # The k-th of n + 1 equally likely places, as conformal prediction counts: with few pictures the largest.
    place = min(len(known), int(np.ceil((len(known) + 1) * (1 - false_rejects))))
    centre, threshold = float(np.median(known)), float(np.sort(known)[place - 1])
    least = 1e-6 * max(1.0, abs(centre))
    return Rule(
        name,
        compared,
        tuple(parts),
        centre,
        max(threshold, centre + least),
        false_rejects,
        len(known),
        float(lead.temperature),
    )


def _best(compared: Sequence[Compared]) -> str:
    if not compared:
        return BOTH
    best = max(each.mean for each in compared)
    return next(each.rule for each in compared if each.mean >= best - CLEARLY)


def _held_out(part: str, features: NDArray[np.float32], truth: NDArray[np.int64], folds: Folds) -> NDArray[np.float64]:
    """What known pictures measure by a distance that was learned without them."""
    chosen = np.zeros(len(truth), bool)
    chosen[even_share(truth, MOST_THRESHOLD)] = True
    found = []
    with threadpool_limits(1, user_api="blas"):
        for repeat, inside, outside in folds.parts():
            learned, asked = inside & chosen, outside & chosen
            if repeat or not asked.any() or learned.sum() < 2:
                continue
            found.append(LEARN[part](features[learned], truth[learned])(features[asked]))
    return np.concatenate(found) if found else np.zeros(0)
