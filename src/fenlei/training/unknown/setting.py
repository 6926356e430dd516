"""Choose a rule for pictures of nothing known, and set its threshold on known pictures that it had not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import HeadMeasure
from fenlei.modelfile.unknown import HEAD_MEASURES
from fenlei.training.folds import Folds
from fenlei.training.head import DEFAULT_STRENGTH
from fenlei.training.heads import KINDS, LOGISTIC, SVM, Setting
from fenlei.training.one_thread import one_thread
from fenlei.training.unknown.leave_out import Compared, compare
from fenlei.training.unknown.rule import Rule, by_distances, with_threshold
from fenlei.training.unknown.rules import BOTH, LEARN, PARTS, even_share

CLEARLY = 0.02
"""By so much a rule must do better than one that is preferred."""

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


def set_rule(
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    folds: Folds,
    lead: Lead,
    drawn: NDArray[np.float32] | None,
    *,
    distances: Callable[[], Sequence[NDArray[np.float64]]] | None = None,
    false_rejects: float,
    seed: int,
    name: str | None = None,
) -> Rule | None:
    """Choose a rule by classes left out in turn and by drawn pictures, and set its threshold by folds.

    Args:
        features: (n, d) of the training part.
        truth: (n,) class numbers.
        groups: (n,) duplicate groups.
        folds: of these pictures.
        lead: for the rules that look at the head.
        drawn: (m, d) features of pictures of nothing; None takes the usual rule without comparing.
        distances: gives what `held_out_distance` does of these for each part of the usual rule, where somebody measures
            it already.
        false_rejects: share of known pictures that may be called unknown.
        seed: of whatever is drawn.
        name: of the rule, where it is chosen; then none are compared.

    Returns:
        The rule; None where nothing can be held out.
    """
    compared: list[Compared] = []
    if name is None:
        compared = compare_rules(
            features, truth, groups, drawn, lead.kind, lead.setting, false_rejects=false_rejects, seed=seed
        )
        name = best_rule(compared)
    if name in HEAD_MEASURES:
        known = HeadMeasure(name, lead.temperature)(lead.logits[lead.held_out])
        return with_threshold(
            name, known, false_rejects=false_rejects, compared=compared, temperature=float(lead.temperature)
        )
    if distances is not None and name == BOTH:
        measured = distances()
    else:
        measured = [held_out_distance(part, features, truth, folds) for part in PARTS[name]]
    return by_distances(name, measured, false_rejects=false_rejects, compared=compared)


def compare_rules(
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    drawn: NDArray[np.float32] | None,
    kind: str,
    setting: Setting,
    *,
    false_rejects: float,
    seed: int,
) -> list[Compared]:
    """Every rule with what it did; arguments as for `set_rule`, `kind` and `setting` of the head's first voter."""
    if drawn is None:
        return []
    # Heads that take long to learn are stood in for by one that does not.
    quick = kind in (LOGISTIC, SVM)
    return compare(
        features,
        truth,
        groups,
        drawn,
        KINDS[kind if quick else LOGISTIC],
        setting if quick else {"strength": DEFAULT_STRENGTH},
        false_rejects=false_rejects,
        seed=seed,
    )


def best_rule(compared: Sequence[Compared]) -> str:
    """The name of the rule to take; where none were compared, of the usual one."""
    if not compared:
        return BOTH
    best = max(each.mean for each in compared)
    return next(each.rule for each in compared if each.mean >= best - CLEARLY)


def held_out_distance(
    part: str, features: NDArray[np.float32], truth: NDArray[np.int64], folds: Folds
) -> NDArray[np.float64]:
    """What known pictures measure by a distance that was learned without them.

    Args:
        part: the distance, by its name.
        features: (n, d) of the training part.
        truth: (n,) class numbers.
        folds: of these pictures.
    """
    chosen = np.zeros(len(truth), bool)
    chosen[even_share(truth, MOST_THRESHOLD)] = True
    found = []
    with one_thread():
        for repeat, inside, outside in folds.parts():
            learned, asked = inside & chosen, outside & chosen
            if repeat or not asked.any() or learned.sum() < 2:
                continue
            found.append(LEARN[part](features[learned], truth[learned])(features[asked]))
    return np.concatenate(found) if found else np.zeros(0)
