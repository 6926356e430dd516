"""What a model may claim: calibrated scores, a rule for the unknown, thresholds; each chosen on pictures held out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Decision, Head, Unknown
from fenlei.training.board import Entry
from fenlei.training.calibrate import Calibrated, calibrate
from fenlei.training.candidate import VOTE
from fenlei.training.decide import Demand, choose_thresholds
from fenlei.training.errors import TrainingError
from fenlei.training.evaluation import calibration_error, log_loss, reliability, wilson_interval
from fenlei.training.honesty_figures import CalibrationFigures, DecisionFigures, RuleFigures, UnknownFigures
from fenlei.training.journal import Journal
from fenlei.training.judge_claims import decision_figures
from fenlei.training.sentence import DOUBTFUL, Sentence
from fenlei.training.task import Task
from fenlei.training.unknown import FEWEST, Lead, Rule, Unseen, carry_rule, set_rule

NO_RULE = Sentence(
    rule="no rule for unknown pictures",
    kind=DOUBTFUL,
    en=(
        "There is no rule for pictures of nothing it knows: too few could be held out to set one. It takes "
        f"{FEWEST} of known classes which neither the rule nor, where it was fine-tuned, the network has seen."
    ),
    zh=(
        f"没有指出不认识的图片的规则：能留出的图片太少，无法设定。至少需要 {FEWEST} 张已知类别的图片，"
        "规则没有学过它们；网络经过微调时，网络也没有见过它们。"
    ),
)


@dataclass(frozen=True)
class Honesty:
    """What was chosen for one candidate.

    Attributes:
        calibrated: how its scores are calibrated.
        rule: for pictures of nothing known; None where too few pictures could be held out.
        decision: thresholds, where somebody asked for some.
        kept: for which classes the demand could be kept.
        demand: what was asked for.
        pictures: held out by folds.
    """

    calibrated: Calibrated
    rule: Rule | None
    decision: Decision | None
    kept: list[bool]
    demand: Demand
    pictures: int


@dataclass(frozen=True)
class HonestFigures:
    """What came of it on the test part, for the report; and why there is no rule for unknown pictures, if so."""

    calibration: CalibrationFigures
    unknown: UnknownFigures | None
    no_unknown: Sentence | None
    decision: DecisionFigures | None


def check_false_rejects(share: float) -> None:
    """Refuse a share that cannot be.

    Raises:
        TrainingError: it does not lie between 0 and 0.5.
    """
    if not 0 < share <= 0.5:
        raise TrainingError(
            f"The share of known pictures that may be called unknown is {share}; it must be above 0 and at most 0.5."
        )


def be_honest(
    entry: Entry,
    features: NDArray[np.float32],
    task: Task,
    labels: Sequence[str],
    journal: Journal,
    drawn: NDArray[np.float32] | None,
    *,
    unseen: Unseen | None,
    distances: Callable[[], Sequence[NDArray[np.float64]]] | None = None,
    false_rejects: float,
    demand: Demand,
) -> Honesty:
    """Choose calibration, unknown rule and thresholds, all on the training part, by what folds held out of it.

    Args:
        entry: the candidate, and what it scored there.
        features: (n, d) of the training part in the candidate's view.
        task: the training part.
        labels: class names.
        journal: where the members of a vote were written down.
        drawn: (m, d) features of drawn pictures, to compare rules for unknown ones by; None takes the usual rule.
        unseen: where the network was tuned: what known pictures measure on one that has not seen them.
        distances: gives those of these features, where they are being measured; see `unknown.held_out_distance`.
        false_rejects: share of known pictures that may be called unknown.
        demand: of answers.
    """
    judged = entry.judged
    calibrated = calibrate(
        judged.logits,
        judged.held_out,
        task.truth,
        task.groups,
        temperature=judged.temperature,
        seed=task.seed,
    )
    if unseen is not None:  # these features are of a network that has seen the very pictures that folds would hold out
        rule = carry_rule(unseen, false_rejects=false_rejects)
    else:
        rule = set_rule(
            features,
            task.truth,
            task.groups,
            task.folds,
            _lead(entry, journal),
            drawn,
            distances=distances,
            false_rejects=false_rejects,
            seed=task.seed,
        )
    decision, kept = None, [True] * len(labels)
    if demand.precision is not None or demand.cost is not None:
        seen = judged.judged
        held_out = judged.held_out[..., None]
        sums = (calibrated.scores(judged.logits) * held_out).sum(axis=0)
        scores = sums / np.maximum(held_out.sum(axis=0), 1)
        decision, kept = choose_thresholds(demand, scores[seen], task.truth[seen], task.groups[seen], labels, task.seed)
    return Honesty(calibrated, rule, decision, kept, demand, int(judged.judged.sum()))


def measure_honesty(
    honesty: Honesty,
    head: Head,
    unknown: Unknown | None,
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    labels: Sequence[str],
    *,
    carried: bool = True,
) -> HonestFigures:
    """Judge what was chosen on the test part.

    Args:
        honesty: what was chosen.
        head: calibrated, learned from the training part.
        unknown: the rule, learned from the training part.
        features: (n, d) of the test part.
        truth: (n,) class numbers.
        labels: class names.
        carried: False where the network that was judged is the one that ships.
    """
    before = replace(head, temperature=1.0, scale=None, shift=None).scores(features)
    after = head.scores(features)
    plain = reliability(before, truth)
    chosen = honesty.calibrated
    return HonestFigures(
        CalibrationFigures(
            method=chosen.method,
            vector_chance=chosen.vector_chance,
            pictures=honesty.pictures,
            error_before=calibration_error(plain),
            error_after=calibration_error(reliability(after, truth)),
            log_loss_before=log_loss(before, truth),
            log_loss_after=log_loss(after, truth),
            held_out_error_before=chosen.error_before,
            held_out_error_after=chosen.error_after,
            reliability_before=plain,
        ),
        _unknown_figures(honesty.rule, unknown, head, features, carried=carried),
        NO_RULE if honesty.rule is None else None,
        None
        if honesty.decision is None
        else decision_figures(honesty.decision, after, truth, labels, kept=honesty.kept, asked=_asked(honesty.demand)),
    )


def _lead(entry: Entry, journal: Journal) -> Lead:
    """The first voter: the candidate itself, or the member of a vote that counts most."""
    judged = entry.judged
    if entry.candidate.kind == VOTE:
        known = journal.find(entry.candidate.members[0])
        if known is None or known[1] is None:
            raise ValueError("a vote of a head that was not judged")
        judged = known[1]
    return Lead(judged.kind, judged.setting, judged.temperature, judged.logits[0], judged.held_out[0])


def _unknown_figures(
    rule: Rule | None, unknown: Unknown | None, head: Head, features: NDArray[np.float32], *, carried: bool
) -> UnknownFigures | None:
    if rule is None or unknown is None:
        return None
    rejected = int(np.sum(unknown.strangeness(features, head) > 1))
    return UnknownFigures(
        rule=rule.name,
        compared=[
            RuleFigures(rule=each.rule, auroc=each.auroc, drawn=each.drawn, found=each.found) for each in rule.compared
        ],
        false_rejects=rule.false_rejects,
        threshold_pictures=rule.pictures,
        tuned=rule.seen is not None,
        carried=carried,
        test_pictures=len(features),
        test_rejected=rejected,
        test_interval=wilson_interval(rejected, len(features)),
    )


def _asked(demand: Demand) -> str:
    if isinstance(demand.precision, Mapping):
        return ", ".join(f"{name} {share:g}" for name, share in demand.precision.items())
    if demand.precision is not None:
        return f"{demand.precision:g}"
    if isinstance(demand.cost, Mapping):
        return ", ".join(f"{name} {wrong:g}:{missed:g}" for name, (wrong, missed) in demand.cost.items())
    return "" if demand.cost is None else f"{demand.cost[0]:g}:{demand.cost[1]:g}"
