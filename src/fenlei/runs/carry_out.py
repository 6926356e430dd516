"""Carry out one claimed run in this process, and write down what became of it."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable

from fenlei.contract.errors import FenleiError
from fenlei.runs import transitions
from fenlei.runs.context import RunContext
from fenlei.runs.errors import LeaseLost, RunStopped
from fenlei.runs.process import birth
from fenlei.runs.pulse import Pulse
from fenlei.runs.reason import Reason
from fenlei.runs.recipe import Recipe, Recipes
from fenlei.runs.run_log import kept_in
from fenlei.store import Store, StoreError

log = logging.getLogger(__name__)


class NoRecipe(FenleiError):
    """This Fenlei does not know how to carry out such a run."""


def carry_out(
    store: Store,
    recipes: Recipes,
    run_id: str,
    fence: int,
    *,
    lease: float = 10.0,
    beat: float = 2.0,
    attempts: int = 5,
    armed: Callable[[float], None] = lambda seconds: None,
    lost: Callable[[], None] = lambda: None,
    began: Callable[[Pulse], None] = lambda pulse: None,
) -> None:
    """Carry out a run that was claimed for this process.

    Args:
        store: where it is.
        recipes: by kind of run.
        run_id: which.
        fence: under which it was claimed.
        lease: seconds that a lease lasts.
        beat: seconds between two renewals.
        attempts: how often a run may be begun without finishing a step.
        armed: told after each renewal how many seconds the lease holds from now.
        lost: called in another thread when somebody else may have the run.
        began: given the pulse before the recipe begins.

    Raises:
        LeaseLost: the run is not ours, or not ours any more; nothing was written since.
        FenleiError: the database cannot be used; the run is claimed again when its lease ends.
    """
    with store.writing() as work:
        job = work.jobs.held(run_id, fence)
        if job is None:
            raise LeaseLost(f"The run {run_id} is not held under fence {fence} any more.")
        work.jobs.enter(job, os.getpid(), birth(os.getpid()) or "")
        work.jobs.renew(job, lease)
        run = work.runs.get(run_id)
    armed(lease)
    left = None if run.time_limit is None else run.time_limit - transitions.worked(job, job.beat_at)
    pulse = Pulse(store, run_id, fence, lease=lease, beat=beat, seconds_left=left, armed=armed, lost=lost)
    pulse.enough = job.finish_at is not None
    context = RunContext(store, run, pulse, worked=job.spent)
    with pulse, kept_in(context):
        began(pulse)
        try:
            _attempt(recipes.get(run.kind) or _none(run.kind, recipes), context)
        except LeaseLost:
            raise
        except RunStopped:
            _stop(context, pulse)
        except StoreError as exc:
            log.warning("store not usable", extra={"run": run_id, "error": str(exc)})
            if not context.finished:
                with pulse.fenced(last=True) as (work, job):
                    transitions.give_up(work, job, f"could not go on: {str(exc).rstrip('.')}", attempts=attempts)
        except FenleiError as exc:
            _fail(context, pulse, str(exc))
        except MemoryError:
            log.exception("run needs too much memory", extra={"run": run_id})
            _fail(context, pulse, "It needed more memory than this machine has to spare.")
        except BaseException:
            name = secrets.token_hex(4)
            log.exception("run failed unexpectedly", extra={"run": run_id, "error_id": name})
            _fail(context, pulse, f"Something went wrong inside Fenlei. The log of the server says more under {name}.")


def _attempt(recipe: Recipe, context: RunContext) -> None:
    result = recipe(context)
    if context.finished:
        return
    if context.told:
        raise RunStopped
    context.finish(lambda work: result)


def _none(kind: str, recipes: Recipes) -> Recipe:
    def refuse(context: RunContext) -> None:
        known = ", ".join(sorted(recipes)) or "none"
        raise NoRecipe(f"This Fenlei carries out no runs of the kind {kind!r}; it knows {known}.")

    return refuse


def _fail(context: RunContext, pulse: Pulse, sentence: str) -> None:
    if context.finished:
        return
    if context.told:
        # Whatever a recipe raises when it was told to stop is its way of stopping.
        _stop(context, pulse)
        return
    with pulse.fenced(last=True) as (work, job):
        transitions.fail(work, job, sentence)


def _stop(context: RunContext, pulse: Pulse) -> None:
    if context.finished:
        return
    with pulse.fenced(last=True) as (work, job):
        if job.cancel is not None:
            transitions.cancel(work, job)
        elif pulse.reason is Reason.TIME and context.run.time_limit is not None:
            transitions.fail(work, job, transitions.too_long(context.run.time_limit))
        else:
            why = "a more urgent run came" if context.overtaken else "its worker was stopped"
            transitions.put_back(work, job, why, counted=False)
