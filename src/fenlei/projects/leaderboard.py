"""The leaderboard of a training: what it has tried, as it goes on and afterwards."""

from __future__ import annotations

from typing import Any

from fenlei.projects.training_run import training
from fenlei.store import Store

CANDIDATE = "candidate "
"""How the names of steps begin that are its lines; so do milestones of a candidate, which have no result."""


def leaderboard(store: Store, run_id: str) -> list[dict[str, Any]]:
    """What a training has tried so far, in this order, as `CandidateResult`s; `chosen` is the best of it. When it is
    done, also what was left out, with the reason.

    Raises:
        NotFound: there is no such run.
        Conflict: it is no training.
    """
    with store.reading() as work:
        run = training(work, run_id)
        steps = work.steps.of(run_id)
    if run.result is not None:
        return list(run.result["candidates"])
    lines = [step.result for step in steps if step.name.startswith(CANDIDATE) and step.result is not None]
    best = max((place for place, line in enumerate(lines) if line["chosen"]), default=None)
    return [line | {"chosen": place == best} for place, line in enumerate(lines)]
