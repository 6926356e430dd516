"""What to tune, and how: the best linear head on one backbone, and a recipe by what the machine has."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from fenlei.training.alteration import COPIES
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.finetune.device import GPU
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.heads import LOGISTIC, SVM

LINEAR = (LOGISTIC, SVM)
"""Kinds of heads that are one layer, which can be learned on together with the network."""

ON_CPU = TuneSettings(stages=3, kept=1)
"""The last stages at full size, on what the others give, computed once; see `docs/adr/0017`."""

WHOLE_ON_CPU = TuneSettings(stages=0, kept=0)
"""For networks that cannot be cut."""

ON_GPU = TuneSettings(stages=0, kept=0, epochs=20, thaw=0.5)
"""All of the network, each picture altered anew each time."""

FEW, MANY = 8, 64
"""Pictures in a step: of small sets fewer, so that an epoch is more than a handful of steps."""

STEPS = 24
"""That an epoch should have."""


def candidate_for(start: Entry, pictures: int, device: str, seed: int, *, mirrored: bool, cuttable: bool) -> Candidate:
    """The candidate that tunes the network under a linear head. It depends on nothing that is measured, so that a
    search that was killed finds it again.

    Args:
        start: the head, and what it scored.
        pictures: to learn from.
        device: `cpu` or `gpu`.
        seed: of whatever is random.
        mirrored: whether a mirrored picture is still one of its class.
        cuttable: whether the network can be cut below its last stages.
    """
    recipe = ON_GPU if device == GPU else ON_CPU if cuttable else WHOLE_ON_CPU
    batch = next((size for size in (MANY, 32, 16) if pictures >= size * STEPS), FEW)
    settings = replace(recipe, batch=batch, seed=seed, mirrored=int(mirrored))
    return Candidate(
        view=start.candidate.view,
        kind=TUNED,
        copies=start.candidate.copies,
        setting=settings.as_numbers(),
        members=(start.candidate,),
        shares=(1.0,),
    )


def heads_to_begin_with(judged: Sequence[Entry]) -> list[Entry]:
    """Linear heads on one backbone, the best first."""
    linear = [
        entry
        for entry in judged
        if entry.candidate.kind in LINEAR and len(entry.candidate.view.backbones) == 1 and entry.judged.loss is not None
    ]
    return sorted(linear, key=lambda entry: (entry.judged.loss or 0.0, entry.candidate.key))


def may_mirror(judged: Sequence[Entry]) -> bool:
    """Whether heads that learned from mirrored copies fared no worse than those that learned from others: writing, for
    one, must not be mirrored. Where nothing was found out, it is not done."""
    best: dict[str, float] = {}
    for entry in judged:
        if entry.candidate.copies in COPIES and entry.judged.loss is not None and not entry.candidate.members:
            loss = best.get(entry.candidate.copies, float("inf"))
            best[entry.candidate.copies] = min(loss, entry.judged.loss)
    mirrored, plain = best.get("altered and mirrored"), best.get("altered")
    return mirrored is not None and plain is not None and mirrored <= plain
