"""Fine-tune what somebody has chosen, without a search: one backbone, under a linear head on it."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from fenlei.backbones import load_backbone
from fenlei.training.board import Board, Entry
from fenlei.training.candidate import ANEW, TUNED, Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.finetune.choice import (
    LINEAR,
    MIRRORED,
    WHOLE,
    as_judged,
    batch_for,
    is_anew,
    learned_anew,
)
from fenlei.training.finetune.errors import Worthless
from fenlei.training.finetune.memory import told_of_memory
from fenlei.training.finetune.settings import TuneSettings, read_settings
from fenlei.training.finetune.stages import staged
from fenlei.training.finetune.tuner import Tuner
from fenlei.training.journal import Journal
from fenlei.training.task import Task
from fenlei.training.workshop import Workshop


def check_tuned(candidate: Candidate) -> None:
    """Refuse what cannot be tuned alone.

    Raises:
        TrainingError: it does not begin from a linear head on the same, single backbone.
    """
    members = candidate.members
    if len(members) != 1 or members[0].kind not in LINEAR or members[0].view != candidate.view:
        raise TrainingError(f"A network is tuned under one linear head on it: {' or '.join(LINEAR)}, on the same view.")
    if len(candidate.view.backbones) != 1:
        raise TrainingError("One network can be tuned, not several side by side.")


def completed(candidate: Candidate, workshop: Workshop, pictures: int, seed: int) -> Candidate:
    """The candidate with everything that was left open, and a network that can be trained.

    Args:
        candidate: what was chosen; of the settings those that somebody said.
        workshop: where its network comes from.
        pictures: to learn from.
        seed: of whatever is random.

    Raises:
        BackboneError: the network cannot be trained: torch is missing, or it has no weights that torch could hold.
    """
    said = candidate.setting or {}
    asked = read_settings({**msgspec.to_builtins(WHOLE), **said})
    view = candidate.view
    size = workshop.backbone(view).size
    whole = staged(load_backbone(view.backbones[0], size=size, cache=workshop.cache).module)
    # Where the network can be cut below what is learned, what lies there has to be computed once only.
    kept = asked.stages > 0 and whole.cut(asked.stages) is not None
    settings = msgspec.structs.replace(
        asked,
        kept=int(kept),
        batch=int(said.get("batch", batch_for(pictures))),
        mixing=said.get("mixing", WHOLE.mixing if asked.epochs >= WHOLE.epochs else 0.0),
        mirrored=int(candidate.copies == MIRRORED),
        seed=seed,
    )
    return msgspec.structs.replace(candidate, setting=settings.as_numbers())


def tune_alone(
    candidate: Candidate, start: Entry, task: Task, workshop: Workshop, journal: Journal, board: Board, tuner: Tuner
) -> Entry:
    """Tune, judge by a fold, and learn anew from everything where that was asked for and goes right.

    Args:
        candidate: what was chosen.
        start: the head that it begins from, as it was judged.
        task: the training part.
        workshop: where networks come from.
        journal: knows the head; what is judged here is written down.
        board: is told of all.
        tuner: does it. What it had done for the same pictures before it was stopped is not done again.

    Returns:
        What ships, whether it is better than the head or not: it was asked for.

    Raises:
        FenleiError: the network cannot be tuned, or too few pictures are there to tell what came of it.
        Cancelled: someone asked to stop; an epoch at most is lost.
    """
    count = int(task.folds.taking_part.sum())
    wanted = completed(msgspec.structs.replace(candidate, members=(start.candidate,)), workshop, count, task.seed)
    with told_of_memory():
        judged_by = as_judged(wanted)
        judged = tuner.judge(judged_by)
        journal.add(judged_by, judged, 0.0)
        board.enter(judged_by, judged, succeeds=True)
        entry = Entry(judged_by, judged)
        tuner.ready(entry)
        if not is_anew(wanted):
            return entry
        anew = Entry(learned_anew(wanted), replace(judged, setting={**judged.setting, ANEW: 1.0}))
        try:
            tuner.ready(anew)
        except Worthless as exc:
            board.leave_out(anew.candidate, str(exc))
            return entry
    journal.add(anew.candidate, anew.judged, 0.0)
    board.enter(anew.candidate, anew.judged, succeeds=True)
    return anew


def to_tune(start: Candidate, *, anew: bool, **said: float) -> Candidate:
    """A candidate that tunes the network under a linear head.

    Args:
        start: the head. Which copies it learns from says too whether a mirrored picture is one of its class.
        anew: whether to learn anew, in the end, from all that may be learned from.
        said: fields of `TuneSettings`; those that are not said are chosen.
    """
    unknown = said.keys() - {field.name for field in msgspec.structs.fields(TuneSettings)}
    if unknown:
        raise TrainingError(f"There is no setting of fine-tuning called `{min(unknown)}`.")
    setting = {**{name: float(value) for name, value in said.items()}, ANEW: float(anew)}
    return Candidate(view=start.view, kind=TUNED, copies=start.copies, setting=setting, members=(start,), shares=(1.0,))
