"""What becomes of a run, each time in one transaction with its job row locked: run, job and event change together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fenlei.store import Work
from fenlei.store.events import NewEvent
from fenlei.store.tables import Job, Run

PROGRESS_KEPT = 100
"""Progress events that stay of a run that is over."""


def begin(work: Work, job: Job) -> Run:
    """The job was claimed: the run is running."""
    at = work.jobs.time()
    work.runs.begin(job.run_id, at)
    _tell(work, job, at, "running", attempt=job.attempts)
    return work.runs.get(job.run_id)


def done(work: Work, job: Job, result: dict[str, Any] | None) -> None:
    """The run is done."""
    at = work.jobs.time()
    work.runs.settle(job.run_id, "done", at, result=result)
    _end(work, job, at, "done")


def fail(work: Work, job: Job, sentence: str) -> None:
    """The run has failed, and this is what a person is told."""
    at = work.jobs.time()
    work.runs.settle(job.run_id, "failed", at, error=sentence)
    _end(work, job, at, "failed", error=sentence)


def cancel(work: Work, job: Job) -> None:
    """The run is cancelled."""
    at = work.jobs.time()
    work.runs.settle(job.run_id, "cancelled", at)
    _end(work, job, at, "cancelled")


def put_back(work: Work, job: Job, why: str, *, wait: float = 0.0, counted: bool = True) -> None:
    """The run waits again, in its old place.

    Args:
        work: the transaction.
        job: its job.
        why: after "because".
        wait: seconds before it may be claimed.
        counted: whether this was an attempt.
    """
    work.runs.back(job.run_id)
    work.jobs.put_back(job, wait=wait, counted=counted)
    _tell(work, job, work.jobs.time(), "queued", because=why)


def give_up(work: Work, job: Job, why: str, *, attempts: int, wait: bool = True) -> None:
    """The process of a run ended without a word: let the run wait again, or end it when that is of no use.

    Args:
        work: the transaction.
        job: its job, held.
        why: what happened to the process, such as "was killed".
        attempts: how often a run may be begun without finishing a step.
        wait: whether one that dies again and again is begun at ever longer intervals.
    """
    limit = work.runs.get(job.run_id).time_limit
    if job.cancel is not None:
        cancel(work, job)
    elif limit is not None and worked(job, job.beat_at) > limit:
        fail(work, job, too_long(limit))
    elif job.attempts >= attempts:
        fail(work, job, f"It was begun {job.attempts} times and its process never came to an end; the last one {why}.")
    else:
        put_back(work, job, f"its process {why}", wait=_pause(job.attempts) if wait else 0.0)


def worked(job: Job, until: datetime | None) -> float:
    """Seconds that processes have worked on the run."""
    now = 0.0 if job.claimed_at is None or until is None else (until - job.claimed_at).total_seconds()
    return job.spent + max(0.0, now)


def too_long(limit: float) -> str:
    """The sentence for a run whose time is up."""
    return f"It took longer than its time limit of {limit:g} seconds."


def _pause(attempts: int) -> float:
    """The first death is met at once; one that comes again and again shall not keep the machine busy."""
    return 0.0 if attempts < 2 else min(30.0, 2.0 ** (attempts - 2))


def _end(work: Work, job: Job, at: datetime, state: str, **more: Any) -> None:
    work.events.thin(job.run_id, "progress", PROGRESS_KEPT)
    work.jobs.end(job)
    _tell(work, job, at, state, **more)


def _tell(work: Work, job: Job, at: datetime, state: str, **more: Any) -> None:
    work.events.add(job.run_id, [NewEvent("state", {"state": state, **more}, at)])
