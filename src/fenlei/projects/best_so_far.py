"""The best model of a training that is still under way: kept while the search goes on, published when somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenlei.modelfile import pack
from fenlei.projects.trained_version import Learned, add_trained_version, what_was_learned
from fenlei.projects.training_run import training
from fenlei.runs import RunContext, end_early
from fenlei.store import Conflict, Store, Work
from fenlei.store.tables import ModelVersion, Run

if TYPE_CHECKING:
    from fenlei.training.finish import Trained

BEST = "best so far"
"""The step of a run that names the best model; while the run is under way its file is kept."""


class Best:
    """Keeps the best model of a run among the blobs. For the thread that trains."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._earlier = context.stated(BEST)

    def replace(self, trained: Trained) -> None:
        """There is a better model than before."""
        data = pack(trained.model)
        learned = what_was_learned(trained, self._context.store.blobs.put(data), len(data))
        if self._earlier is not None and _loss(self._earlier) < _loss(learned):
            return  # an earlier process found a better one, and this one, on another machine, is not as far yet
        self._earlier = None
        self._context.restate(BEST, lambda work: learned)
        self._context.early({"model": {name: learned[name] for name in ("sha256", "bytes", "metrics", "recipe")}})


def keep_best(store: Store, run_id: str, by: str | None = None) -> ModelVersion:
    """Make a model version of the best that a training has found so far, while it goes on. Asked again before there
    is a better one, the same version is answered.

    Args:
        store: where the run is.
        run_id: which. One that failed or was cancelled will do, until its file is cleaned away.
        by: id of the user who asks.

    Raises:
        NotFound: there is no such run.
        Conflict: it is no training, has found nothing yet, or is done and has made its version itself; or its best
            model was cleaned away after its end.
    """
    with store.writing() as work:
        run, learned = _best_of(work, run_id)
        if run.state == "done":
            made = (run.result or {}).get("model_version_id")
            raise Conflict(f"The run {run_id} is done; its model version is {made}.")
        if learned is None:
            raise Conflict(f"The run {run_id} is {run.state} and has found no model yet.")
        if not store.blobs.has(learned["sha256"]):
            raise Conflict(f"The run {run_id} is {run.state}, and its best model was cleaned away since.")
        return add_trained_version(work, run, learned, by, so_far=True)


def finish_training(store: Store, run_id: str) -> Run:
    """End a training with the best that it has found so far; it is done then, with a model version. One that has found
    nothing yet ends as soon as it has.

    Raises:
        NotFound: there is no such run.
        Conflict: it is no training, is over, was not begun, or was cancelled.
    """
    with store.writing() as work:
        run, learned = _best_of(work, run_id)
        if run.state == "queued" and learned is None:
            raise Conflict(f"The run {run_id} waits and has found no model yet; it can be cancelled.")
        return end_early(work, run_id)


def _best_of(work: Work, run_id: str) -> tuple[Run, Learned | None]:
    run = training(work, run_id)
    step = work.steps.finished(run_id, BEST)
    return run, None if step is None else step.result


def _loss(learned: Learned) -> float:
    """The loss in cross-validation of the candidate that a model is; none is as good as endless."""
    found = next((each["log_loss"] for each in learned["candidates"] if each["chosen"]), None)
    return float("inf") if found is None else float(found)
