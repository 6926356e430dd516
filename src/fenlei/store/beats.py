"""Renew the lease of a run without standing in the line of writers.

On PostgreSQL writers take turns, and one that takes long would let the leases of all runs end. A renewal touches one
row that whoever changes a job locks, so it needs no turn. In SQLite there is one writer, and no way around it.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from fenlei.store.jobs import Jobs
from fenlei.store.sentences import told
from fenlei.store.store import Store
from fenlei.store.tables import Job


def beat(store: Store, run_id: str, fence: int, lease: float) -> Job | None:
    """Make a lease begin anew, in a transaction of its own.

    Returns:
        The job, or None when it is not held under this fence.

    Raises:
        StoreError: the database cannot be used.
    """
    if store.database.is_sqlite:
        with store.writing() as work:
            return _renew(work.jobs, run_id, fence, lease)
    engine = store.database.engine.execution_options(isolation_level="READ COMMITTED")
    with told(store.database.url), Session(engine, expire_on_commit=False) as session, session.begin():
        return _renew(Jobs(session), run_id, fence, lease)


def _renew(jobs: Jobs, run_id: str, fence: int, lease: float) -> Job | None:
    job = jobs.held(run_id, fence)
    if job is not None:
        jobs.renew(job, lease)
    return job
