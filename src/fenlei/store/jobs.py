"""The job table: who waits, who holds what until when.

A claim takes a job for one process and moves its fence on. What that process writes for the run it writes in
transactions that lock the job row and find it held under that fence; when it is not, another process may have the run.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from fenlei.store.clock import now
from fenlei.store.errors import NotFound
from fenlei.store.tables import Job, Run, Worker
from fenlei.store.tables.base import Moment


class Jobs:
    """Jobs by run."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def time(self) -> datetime:
        """The database's time: hosts whose clocks differ agree on when a lease ends."""
        if self._session.get_bind().dialect.name == "sqlite":
            return now()
        return self._session.scalars(select(func.clock_timestamp(type_=Moment()))).one()

    def add(self, run_id: str, *, priority: int, not_before: datetime | None) -> Job:
        """Queue a run that was just added."""
        at = self.time()
        job = Job(run_id=run_id, state="waiting", priority=priority, not_before=not_before or at, created_at=at)
        self._session.add(job)
        self._session.flush()
        return job

    def get(self, run_id: str) -> Job:
        """The job as it is now.

        Raises:
            NotFound: there is no such run.
        """
        return self._found(run_id, self._session.get(Job, run_id, populate_existing=True))

    def lock(self, run_id: str) -> Job:
        """The job, which nobody else changes until this transaction ends.

        Raises:
            NotFound: there is no such run.
        """
        return self._found(run_id, self._session.get(Job, run_id, populate_existing=True, with_for_update=True))

    def held(self, run_id: str, fence: int) -> Job | None:
        """The job, locked, when it is held under this fence; else None."""
        job = self._session.get(Job, run_id, populate_existing=True, with_for_update=True)
        return job if job is not None and job.state == "held" and job.fence == fence else None

    def held_by(self, worker_id: str) -> Sequence[Job]:
        """What a worker holds."""
        return self._session.scalars(select(Job).where(Job.state == "held", Job.worker_id == worker_id)).all()

    def expired(self, before: datetime) -> Sequence[tuple[Job, Worker | None]]:
        """Held jobs whose lease ended before this time, each with its worker where that is known."""
        query = (
            select(Job, Worker)
            .outerjoin(Worker, Worker.id == Job.worker_id)
            .where(Job.state == "held", Job.lease_until < before)
        )
        return [(row[0], row[1]) for row in self._session.execute(query)]

    def any_due(self, kinds: Collection[str] | None = None, but: Collection[str] = ()) -> bool:
        """Whether a claim would find something, limits aside. Cheap, and disturbs no writer."""
        return self._session.scalar(self._due(kinds, but).limit(1)) is not None

    def claim(
        self,
        worker_id: str,
        lease: float,
        *,
        kinds: Collection[str] | None = None,
        but: Collection[str] = (),
        everywhere: int | None = None,
    ) -> Job | None:
        """Take the job whose turn it is: the highest priority first, then the oldest.

        Args:
            worker_id: for this worker.
            lease: seconds until others may take it, unless the lease is renewed.
            kinds: only runs of these kinds; all when None.
            but: no runs of these kinds.
            everywhere: how many jobs may be held by all workers together.

        Returns:
            The job under its new fence, or None when there is nothing to do.
        """
        if everywhere is not None and self.counts().get("held", 0) >= everywhere:
            return None
        due = self._due(kinds, but).limit(1).with_for_update(skip_locked=True, of=Job)
        job = self._session.scalar(due.execution_options(populate_existing=True))
        if job is None:
            return None
        at = self.time()
        job.state, job.worker_id, job.pid, job.born = "held", worker_id, None, None
        job.fence += 1
        job.attempts += 1
        job.claimed_at = job.beat_at = at
        job.lease_until = at + timedelta(seconds=lease)
        self._session.flush()
        return job

    def enter(self, job: Job, pid: int, born: str) -> None:
        """Remember the process that carries out a job which is `held`."""
        job.pid, job.born = pid, born
        self._session.flush()

    def renew(self, job: Job, lease: float) -> None:
        """Make the lease of a job which is `held` begin anew."""
        at = self.time()
        job.beat_at, job.lease_until = at, at + timedelta(seconds=lease)
        self._session.flush()

    def got_on(self, job: Job) -> None:
        """A step is finished: earlier deaths are no sign any more that the run kills its process."""
        job.attempts = 1
        self._session.flush()

    def put_back(self, job: Job, *, wait: float = 0.0, counted: bool = True) -> None:
        """Let a job which is `held` wait again, in its old place.

        Args:
            job: it.
            wait: seconds before it may be claimed.
            counted: whether this was an attempt.
        """
        at = self.time()
        job.not_before = at + timedelta(seconds=wait)
        if not counted:
            job.attempts = max(0, job.attempts - 1)
        self._let_go(job, "waiting")

    def end(self, job: Job) -> None:
        """The run is over, whatever became of it."""
        self._let_go(job, "ended")

    def ask_to_cancel(self, job: Job, how: str) -> None:
        """Ask the holder to stop: `asked`, or `forced`."""
        job.cancel = how
        job.cancel_at = job.cancel_at or self.time()
        self._session.flush()

    def ask_to_finish(self, job: Job) -> None:
        """Ask whoever holds it, now or later, to end it with what it has."""
        job.finish_at = job.finish_at or self.time()
        self._session.flush()

    def position(self, run_id: str) -> int | None:
        """The place of a waiting job in the queue, 1 being the next; None when it does not wait."""
        job = self.get(run_id)
        if job.state != "waiting":
            return None
        before = or_(
            Job.priority > job.priority,
            and_(Job.priority == job.priority, Job.created_at < job.created_at),
            and_(Job.priority == job.priority, Job.created_at == job.created_at, Job.run_id < run_id),
        )
        return 1 + (self._session.scalar(select(func.count()).where(Job.state == "waiting", before)) or 0)

    def is_overtaken(self, run_id: str) -> bool:
        """Whether a more urgent job came since this one was claimed, and waits. One that was there before does not
        count: whoever claimed this one had left it to others. Cheap, and disturbs no writer."""
        job = self.get(run_id)
        if job.claimed_at is None:
            return False
        query = select(Job.run_id).where(Job.state == "waiting", Job.priority > job.priority)
        query = query.where(Job.not_before > job.claimed_at, Job.not_before <= self.time())
        return self._session.scalar(query.limit(1)) is not None

    def counts(self) -> dict[str, int]:
        """How many jobs wait and how many are held."""
        query = select(Job.state, func.count()).where(Job.state.in_(("waiting", "held"))).group_by(Job.state)
        return {row[0]: row[1] for row in self._session.execute(query)}

    def _let_go(self, job: Job, state: str) -> None:
        if job.claimed_at is not None and job.beat_at is not None:
            job.spent += max(0.0, (job.beat_at - job.claimed_at).total_seconds())
        job.state = state
        job.worker_id = job.lease_until = job.claimed_at = job.beat_at = job.pid = job.born = None
        self._session.flush()

    def _due(self, kinds: Collection[str] | None, but: Collection[str]) -> Select[Job]:
        wanted: list[ColumnElement[bool]] = [Job.state == "waiting", Job.not_before <= self.time()]
        query = select(Job).order_by(Job.priority.desc(), Job.created_at, Job.run_id)
        if kinds is not None or but:
            query = query.join(Run, Run.id == Job.run_id)
            if kinds is not None:
                wanted.append(Run.kind.in_(kinds))
            if but:
                wanted.append(Run.kind.not_in(but))
        return query.where(*wanted)

    @staticmethod
    def _found(run_id: str, job: Job | None) -> Job:
        if job is None:
            raise NotFound(f"There is no run {run_id}.")
        return job
