"""Free what processes hold that are gone: at once where one can see it, when the lease ends where one cannot."""

from __future__ import annotations

import logging
from datetime import timedelta

from fenlei.runs import transitions
from fenlei.runs.process import birth
from fenlei.store import Store
from fenlei.store.tables import Job, Worker

log = logging.getLogger(__name__)

SPARE = 2
"""Leases after the end of its lease during which a process of this host that lives is not taken for dead: one can see
it, and a long writer may have kept it from renewing."""

WITH_WORKER = 4
"""A run that ended because its worker did is hardly to blame: so many times as often it may be begun again."""

FORGET = timedelta(days=1)
"""A worker of another host that was not seen for so long is not listed any more."""


def free_the_dead(store: Store, host: str, attempts: int) -> int:
    """Free what dead workers of this host hold, unless the process of the run is somehow still there.

    Returns:
        How many runs were freed.
    """
    with store.reading() as work:
        gone = [worker for worker in work.workers.on(host) if birth(worker.pid) != worker.born]
        held = {worker.id: work.jobs.held_by(worker.id) for worker in gone}
    freed = 0
    for worker in gone:
        dead = [job for job in held[worker.id] if not _lives(job)]
        why, enough = "ended together with its worker", attempts * WITH_WORKER
        freed += sum(_free(store, job, why, enough, wait=False) for job in dead)
        if len(dead) == len(held[worker.id]):
            with store.writing() as work:
                work.workers.remove(worker.id)
    return freed


def free_the_expired(store: Store, host: str, lease: float, attempts: int) -> int:
    """Free jobs whose lease has ended.

    Args:
        store: where they are.
        host: where we are.
        lease: seconds that a lease lasts.
        attempts: how often a run may be begun without finishing a step.

    Returns:
        How many runs were freed.
    """
    with store.reading() as work:
        at = work.jobs.time()
        expired = work.jobs.expired(at)
    late = at - timedelta(seconds=SPARE * lease)
    freed = 0
    for job, worker in expired:
        here = worker is not None and worker.host == host
        if here and job.lease_until is not None and job.lease_until > late and _at_work(job, worker):
            continue
        freed += _free(store, job, "stopped answering", attempts)
    return freed


def _free(store: Store, job: Job, why: str, attempts: int, *, wait: bool = True) -> bool:
    with store.writing() as work:
        locked = work.jobs.held(job.run_id, job.fence)
        # It may have been renewed, settled or freed by another worker since we looked.
        if locked is None or locked.lease_until != job.lease_until:
            return False
        transitions.give_up(work, locked, why, attempts=attempts, wait=wait)
    log.warning("run freed", extra={"run": job.run_id, "because": why})
    return True


def _lives(job: Job) -> bool:
    return job.pid is not None and birth(job.pid) == job.born


def _at_work(job: Job, worker: Worker | None) -> bool:
    return _lives(job) or (job.pid is None and worker is not None and birth(worker.pid) == worker.born)
