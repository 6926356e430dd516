"""Ask for a run, cancel it, ask for it again, see how long the line is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fenlei.runs import transitions
from fenlei.runs.plain import plain
from fenlei.store import Conflict, Store, Work, new_id
from fenlei.store.events import NewEvent
from fenlei.store.tables import Run


def enqueue(
    work: Work,
    *,
    kind: str,
    subject: dict[str, Any],
    settings: dict[str, Any],
    project_id: str | None = None,
    priority: int = 0,
    time_limit: float | None = None,
    not_before: datetime | None = None,
    by: str | None = None,
    retry_of: str | None = None,
) -> Run:
    """Ask for a run. It and its place in the queue are there when the caller's transaction is, or neither is.

    Args:
        work: the caller's transaction.
        kind: which recipe.
        subject: what it is about: ids.
        settings: how it shall be done.
        project_id: the project it belongs to.
        priority: greater ones go first.
        time_limit: seconds of work after which it is stopped and has failed.
        not_before: when it may begin.
        by: the id of the user who asks.
        retry_of: the run that it repeats.

    Raises:
        NotFound: there is no such project.
        Conflict: the time limit is no positive number.
    """
    if time_limit is not None and not time_limit > 0:
        raise Conflict(f"The time limit of a run is a number of seconds above 0, not {time_limit}.")
    at = work.jobs.time()
    run = work.runs.add(
        Run(
            id=new_id("rn"),
            project_id=project_id,
            kind=kind,
            state="queued",
            subject=plain(subject),
            settings=plain(settings),
            time_limit=time_limit,
            retry_of=retry_of,
            created_at=at,
            created_by=by,
        )
    )
    work.jobs.add(run.id, priority=priority, not_before=not_before)
    work.events.add(run.id, [NewEvent("state", {"state": "queued"}, at)])
    return run


def cancel(store: Store, run_id: str, *, forced: bool = False) -> Run:
    """Cancel a run. A queued one is cancelled at once. A running one is asked to stop, which it does at its next
    occasion; asked a second time, or `forced`, its process is killed.

    Returns:
        The run as it is now; it may still be running.

    Raises:
        NotFound: there is no such run.
        Conflict: it is done or has failed.
    """
    with store.writing() as work:
        return call_off(work, run_id, forced=forced)


def call_off(work: Work, run_id: str, *, forced: bool = False) -> Run:
    """As `cancel`, in a transaction that is open."""
    job = work.jobs.lock(run_id)
    run = work.runs.get(run_id)
    if run.state in {"done", "failed"}:
        raise Conflict(f"The run {run_id} is {run.state}; only a queued or running one can be cancelled.")
    if job.state == "waiting" or (job.lease_until is not None and job.lease_until < work.jobs.time()):
        transitions.cancel(work, job)
    elif job.state == "held":
        how = "forced" if forced or job.cancel is not None else "asked"
        work.jobs.ask_to_cancel(job, how)
        asked = NewEvent("state", {"state": "running", "cancel": how}, work.jobs.time())
        work.events.add(run_id, [asked])
    return work.runs.get(run_id)


def end_early(work: Work, run_id: str) -> Run:
    """Ask for the end of a run with what it has: it is done then, not cancelled. A kill does not make that forgotten;
    asked again, nothing changes.

    Raises:
        NotFound: there is no such run.
        Conflict: it is over, or was asked to stop.
    """
    job = work.jobs.lock(run_id)
    run = work.runs.get(run_id)
    if job.state == "ended":
        raise Conflict(f"The run {run_id} is {run.state}; only one under way can be ended with what it has.")
    if job.cancel is not None:
        raise Conflict(f"The run {run_id} was cancelled and is about to stop.")
    if job.finish_at is None:
        work.jobs.ask_to_finish(job)
        asked = NewEvent("state", {"state": run.state, "finish": "asked"}, work.jobs.time())
        work.events.add(run_id, [asked])
    return run


def retry(store: Store, run_id: str, by: str | None = None) -> Run:
    """Ask for a run again, as a new run from its beginning.

    Raises:
        NotFound: there is no such run.
        Conflict: it is not over.
    """
    with store.writing() as work:
        return ask_again(work, run_id, by)


def ask_again(work: Work, run_id: str, by: str | None = None) -> Run:
    """As `retry`, in a transaction that is open."""
    job = work.jobs.lock(run_id)
    run = work.runs.get(run_id)
    if run.state in {"queued", "running"}:
        raise Conflict(f"The run {run_id} is {run.state}; it can be repeated when it is over.")
    return enqueue(
        work,
        kind=run.kind,
        subject=run.subject,
        settings=run.settings,
        project_id=run.project_id,
        priority=job.priority,
        time_limit=run.time_limit,
        by=by,
        retry_of=run_id,
    )


def position(work: Work, run_id: str) -> int | None:
    """The place of a queued run in the line, 1 being the next; None when it does not wait.

    Raises:
        NotFound: there is no such run.
    """
    return work.jobs.position(run_id)
