"""What to tune, and how: the best linear head on one backbone, and a recipe by what the machine has."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from fenlei.training.aimed_loss import aimed_loss
from fenlei.training.alteration import COPIES
from fenlei.training.board import Entry
from fenlei.training.candidate import ANEW, BY_FOLDS, TUNED, Candidate
from fenlei.training.finetune.device import GPU
from fenlei.training.finetune.settings import TuneSettings, read_settings
from fenlei.training.heads import LOGISTIC, SVM
from fenlei.training.task import Task
from fenlei.training.view import View

LINEAR = (LOGISTIC, SVM)
"""Kinds of heads that are one layer, which can be learned on together with the network."""

WHOLE = TuneSettings(stages=0, kept=0)
"""All of the network, each picture altered anew each time."""

LAST_STAGES = TuneSettings(stages=4, kept=1)
"""The last stages, on what the others give, computed once."""

_SHORT = replace(WHOLE, mixing=0.0)
"""Mixed pictures take longer to learn from, and in few epochs are not."""

ON_CPU = (WHOLE, replace(_SHORT, epochs=8), replace(_SHORT, epochs=6), LAST_STAGES)
"""What should bring more first; what needs less time follows. See `docs/adr/0017`."""

ON_GPU = (replace(WHOLE, epochs=20), WHOLE)

ALTERED, MIRRORED = "altered", "altered and mirrored"
"""Names of copies, without and with those that are mirrored."""

_ALIKE = 1e-3
"""How far logits may differ where the pictures do not: they were added up in another order."""

MOST_STARTS = 2
"""Heads that are begun with because they are the best, each on another view."""

FEW, MANY = 8, 64
"""Pictures in a step: of small sets fewer, so that an epoch is more than a handful of steps."""

STEPS = 24
"""That an epoch should have."""


def candidates_for(
    start: Entry, pictures: int, device: str, seed: int, *, mirrored: bool, cuttable: bool
) -> list[Candidate]:
    """The candidates that tune the network under a linear head, the one that should bring most first.

    Args:
        start: the head, and what it scored.
        pictures: to learn from.
        device: `cpu` or `gpu`.
        seed: of whatever is random.
        mirrored: whether a mirrored picture is still one of its class.
        cuttable: whether the network can be cut below its last stages.
    """
    batch = batch_for(pictures)
    return [
        Candidate(
            view=start.candidate.view,
            kind=TUNED,
            copies=start.candidate.copies,
            setting=replace(recipe, batch=batch, seed=seed, mirrored=int(mirrored)).as_numbers(),
            members=(start.candidate,),
            shares=(1.0,),
        )
        for recipe in (ON_GPU if device == GPU else ON_CPU)
        if cuttable or not recipe.kept
    ]


def batch_for(pictures: int) -> int:
    """Pictures in a step where there are so many to learn from."""
    return next((size for size in (MANY, 32, 16) if pictures >= size * STEPS), FEW)


def learned_anew(candidate: Candidate) -> Candidate:
    """The same, learned anew from everything that may be learned from once it is judged."""
    return msgspec.structs.replace(candidate, setting={**(candidate.setting or {}), ANEW: 1.0})


def as_judged(candidate: Candidate) -> Candidate:
    """The candidate that was judged, of one that is learned anew or not."""
    return msgspec.structs.replace(candidate, setting={**(candidate.setting or {}), ANEW: 0.0})


def is_anew(candidate: Candidate) -> bool:
    """Whether what ships of a tuned candidate is learned anew."""
    return (candidate.setting or {}).get(ANEW) == 1.0


def folds_of(candidate: Candidate) -> int:
    """How many folds judge a tuned candidate."""
    return int((candidate.setting or {}).get(BY_FOLDS, 1))


def by_folds(candidate: Candidate, folds: int) -> Candidate:
    """The same, judged by so many folds."""
    setting = {name: value for name, value in (candidate.setting or {}).items() if name != BY_FOLDS}
    return msgspec.structs.replace(candidate, setting=setting if folds == 1 else {**setting, BY_FOLDS: float(folds)})


def is_lesser(one: Candidate, other: Candidate) -> bool:
    """Whether a recipe shows a network less than another does: fewer epochs, or kept maps in place of pictures."""
    first, second = (read_settings(each.setting or {}) for each in (one, other))
    return (1 - first.kept, first.epochs) < (1 - second.kept, second.epochs)


def without_mixing(candidate: Candidate) -> Candidate | None:
    """The same, with no picture mixed with another; None where none is."""
    setting = candidate.setting or {}
    if not setting.get("mixing"):
        return None
    return by_folds(as_judged(msgspec.structs.replace(candidate, setting={**setting, "mixing": 0.0})), 1)


def heads_to_begin_with(judged: Sequence[Entry], task: Task) -> list[Entry]:
    """Linear heads on one backbone, the best first by what the task aims at; of each view the best, and none on a view
    that shows the network what a better one shows it: by two policies where all pictures are square."""
    linear = [
        entry
        for entry in judged
        if entry.candidate.kind in LINEAR and len(entry.candidate.view.backbones) == 1 and entry.judged.loss is not None
    ]
    linear.sort(key=lambda entry: (aimed_loss(entry.judged, task.truth, task.weights), entry.candidate.key))
    views: list[View] = []
    for view in dict.fromkeys(entry.candidate.view for entry in linear):
        if not any(_show_the_same(view, other, linear) for other in views):
            views.append(view)
    return [next(entry for entry in linear if entry.candidate.view == view) for view in views]


def _show_the_same(view: View, other: View, judged: Sequence[Entry]) -> bool:
    """Whether the same head on two views of one network at one size judged every picture alike."""
    if (view.backbones, view.size) != (other.backbones, other.size):
        return False
    logits = {entry.candidate.key: entry.judged.logits for entry in judged if entry.candidate.view == other}
    pairs = [
        (entry.judged.logits, logits.get(replace(entry.candidate, view=other).key))
        for entry in judged
        if entry.candidate.view == view
    ]
    return any(there is not None and np.allclose(here, there, atol=_ALIKE) for here, there in pairs)


def may_mirror(judged: Sequence[Entry], view: View, task: Task) -> bool:
    """Whether heads that learned from mirrored copies fared no worse than those that learned from others: writing, for
    one, must not be mirrored.

    Args:
        judged: what was judged so far.
        view: whose heads say most; where none of them learned from copies, those of another view tell of the pictures
            too. Where nothing was found out, it is not done.
        task: what is aimed at.
    """
    heads = [entry.candidate for entry in judged if not entry.candidate.members]
    if heads and all(each.copies == MIRRORED for each in heads):  # nobody was left to compare with: it was asked for
        return True
    best: dict[View, dict[str, float]] = {}
    for entry in judged:
        if entry.candidate.copies in COPIES and entry.judged.loss is not None and not entry.candidate.members:
            losses = best.setdefault(entry.candidate.view, {})
            loss = aimed_loss(entry.judged, task.truth, task.weights)
            losses[entry.candidate.copies] = min(losses.get(entry.candidate.copies, np.inf), loss)
    told = {
        seen: losses[MIRRORED] <= losses[ALTERED] for seen, losses in best.items() if {MIRRORED, ALTERED} <= {*losses}
    }
    return told[view] if view in told else bool(told) and all(told.values())
