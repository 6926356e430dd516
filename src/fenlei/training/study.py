"""An optuna study that knows what was tried already."""

from __future__ import annotations

from collections.abc import Sequence

from fenlei.training.aimed_loss import aimed_loss
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.journal import Journal
from fenlei.training.judging import Trial, blocks_of
from fenlei.training.plan import Plan
from fenlei.training.proposals import Proposals
from fenlei.training.task import Task


def open_study(plan: Plan, judged: Sequence[Entry], journal: Journal, task: Task) -> Proposals:
    """Begin a study.

    Args:
        plan: the views and copies to choose from.
        judged: what was judged to its end.
        journal: knows what was dropped before.
        task: the training part.
    """
    proposals = Proposals(plan.views, task.seed, plan.copies_to_try)
    for entry in judged:
        trial = trial_of(entry.candidate, proposals)
        if trial is not None and entry.judged.loss is not None:
            trial.told(aimed_loss(entry.judged, task.truth, task.weights), blocks_of(entry.judged, task))
    for candidate in journal.candidates:
        known = journal.find(candidate)
        if candidate.kind == TUNED or known is None or known[1] is not None:
            continue
        trial = trial_of(candidate, proposals)
        if trial is not None:
            trial.dropped()
    return proposals


def trial_of(candidate: Candidate, proposals: Proposals | None) -> Trial | None:
    """A candidate as the study knows it; None where it does not choose among such."""
    found = None if proposals is None else proposals.next(candidate)
    return None if proposals is None or found is None else Trial(found[1], proposals)
