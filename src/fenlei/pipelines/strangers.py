"""Setting a model's rule for unknown pictures anew: which rule, and from where on a picture is too strange."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fenlei.modelfile import ModelFile
from fenlei.modelfile.unknown import HEAD_MEASURES
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.finished import trained_by
from fenlei.pipelines.opened import Asked, Opened
from fenlei.pipelines.pictures import together
from fenlei.pipelines.validation import REMEDY

if TYPE_CHECKING:
    from fenlei.training.candidate import Candidate
    from fenlei.training.folds import Folds
    from fenlei.training.unknown import Lead, Rule


def set_by_unseen(ready: Opened, learned: Asked, unseen: Asked, name: str | None, false_rejects: float) -> Rule | None:
    """A rule learned from the training part, its threshold set by the validation part.

    Args:
        ready: the model.
        learned: pictures of the training part.
        unseen: pictures that the model has not learned from.
        name: of the rule; None compares them, as far as the network has not learned to tell these classes.
        false_rejects: share of known pictures that may be called unknown.
    """
    from fenlei.training.candidate import TUNED
    from fenlei.training.head import DEFAULT_STRENGTH
    from fenlei.training.heads import LOGISTIC
    from fenlei.training.unknown import best_rule, compare_rules, rule_by_unseen

    compared = []
    lead = _first_voter(ready.file)
    if name is None and (lead is None or lead.kind != TUNED):
        compared = compare_rules(
            learned.features,
            learned.truth,
            np.array(together(learned.entries), np.int64),
            _drawn(ready),
            LOGISTIC if lead is None else lead.kind,
            (lead and lead.setting) or {"strength": DEFAULT_STRENGTH},
            false_rejects=false_rejects,
            seed=0,
        )
    return rule_by_unseen(
        name or best_rule(compared),
        learned.features,
        learned.truth,
        unseen.features,
        ready.file.head,
        false_rejects=false_rejects,
        compared=compared,
    )


def set_by_folds(ready: Opened, learned: Asked, name: str | None, false_rejects: float) -> Rule | None:
    """A rule learned from the training part, its threshold set by folds of it, as training does.

    Raises:
        PipelineError: that cannot be done honestly with this model, because its network has seen these pictures, or
            because heads like its own cannot be learned here.
    """
    from fenlei.training.candidate import TUNED
    from fenlei.training.folds import draw_folds
    from fenlei.training.unknown import PARTS, set_rule

    lead = _first_voter(ready.file)
    if lead is not None and lead.kind == TUNED:
        raise PipelineError(
            "The network of this model was fine-tuned on the pictures of the training part, so they cannot tell how "
            f"strange others look to it; it takes a validation part to set the rule by. {REMEDY}"
        )
    if lead is None and name in HEAD_MEASURES:
        raise PipelineError(
            f"The file of this model does not say how its head was learned, so the rule {name!r}, which looks at the "
            f"head, can only be set by a validation part. {REMEDY}"
        )
    groups = np.array(together(learned.entries), np.int64)
    folds = draw_folds(learned.truth, groups, 0)
    return set_rule(
        learned.features,
        learned.truth,
        groups,
        folds,
        _no_lead(learned) if name in PARTS else _lead(ready.file, lead, learned, folds),
        None if lead is None else _drawn(ready),
        false_rejects=false_rejects,
        seed=0,
        name=name,
    )


def _drawn(ready: Opened) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """What the network says of pictures of nothing."""
    from fenlei.training.parity import drawn, features_of_files

    return features_of_files(drawn(0), ready.predictor.spec, ready.predictor.engine)


def _first_voter(file: ModelFile) -> Candidate | None:
    """How the head's first voter was learned, or the whole where its network was tuned; None where the file does not
    say."""
    from fenlei.training.candidate import VOTE

    formula = trained_by(file)
    if formula is None:
        return None
    return formula.candidate.members[0] if formula.candidate.kind == VOTE else formula.candidate


def _lead(file: ModelFile, candidate: Candidate | None, learned: Asked, folds: Folds) -> Lead:
    """Heads like the first voter, each asked about pictures that it was not learned from."""
    from fenlei.training.head import judge_head, prepare_lesson
    from fenlei.training.heads import KINDS, LOGISTIC
    from fenlei.training.unknown import Lead

    kind = candidate.kind if candidate is not None and candidate.kind in KINDS else LOGISTIC
    setting = None if candidate is None else candidate.setting
    columns = file.head.voters[0].columns
    features = learned.features if columns is None else learned.features[:, slice(*columns)]
    lesson = prepare_lesson(features, learned.truth, len(file.manifest.labels), None)
    judged = judge_head(lesson, folds, kind, seed=0, path=None if setting is None else [setting])
    return Lead(judged.kind, judged.setting, judged.temperature, judged.logits[0], judged.held_out[0])


def _no_lead(learned: Asked) -> Lead:
    """For rules that look at no head."""
    from fenlei.training.heads import LOGISTIC
    from fenlei.training.unknown import Lead

    return Lead(LOGISTIC, {}, 1.0, np.zeros((len(learned), 1)), np.zeros(len(learned), bool))
