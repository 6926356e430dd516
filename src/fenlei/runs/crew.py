"""The runs that a worker has under way: their processes are watched, ended when they must be, and accounted for."""

from __future__ import annotations

import logging
import signal
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from fenlei.runs import transitions
from fenlei.runs.compute import Child
from fenlei.runs.manners import Manners
from fenlei.runs.reclaim import SPARE
from fenlei.store import Store, Work
from fenlei.store.tables import Job, Run

log = logging.getLogger(__name__)

LAST_WORDS = 10.0
"""Seconds that a process has to end by itself after its run is over."""


@dataclass
class _Member:
    run: Run
    fence: int
    child: Child
    killed_for: str | None = None
    overdue: bool = False
    done_since: float | None = None


class Crew:
    """The processes of one worker. Not safe from several threads."""

    def __init__(self, store: Store, worker_id: str, manners: Manners) -> None:
        self._store, self._worker_id, self._manners = store, worker_id, manners
        self._spare = timedelta(seconds=SPARE * manners.lease)
        self._members: list[_Member] = []

    def __len__(self) -> int:
        return len(self._members)

    @property
    def kinds(self) -> Counter[str]:
        """How many runs of each kind are under way."""
        return Counter(member.run.kind for member in self._members)

    def add(self, run: Run, fence: int, child: Child) -> None:
        """A process was started for a run."""
        self._members.append(_Member(run, fence, child))

    def ask(self) -> None:
        """Ask all to stop at their next step."""
        for member in self._members:
            member.child.ask()

    def kill(self) -> None:
        """End all now."""
        for member in self._members:
            member.child.kill()

    def watch(self) -> None:
        """End processes that were asked to stop and did not, that are silent, or that have nothing to do here."""
        if not self._members:
            return
        with self._store.reading() as work:
            at = work.jobs.time()
            jobs = {(job.run_id, job.fence): job for job in work.jobs.held_by(self._worker_id)}
        for member in self._members:
            job = jobs.get((member.run.id, member.fence))
            why = self._settled(member) if job is None else self._wrong(member, job, at)
            if why is not None:
                log.warning("run killed", extra={"run": member.run.id, "because": why})
                member.killed_for = why
                member.child.kill()

    def collect(self, *, leaving: bool = False) -> None:
        """Take leave of processes that have ended, and see to their runs.

        Args:
            leaving: whether they were asked to end because the worker leaves: that was no attempt then.
        """
        for member in list(self._members):
            status = member.child.status()
            if status is None:
                continue
            with self._store.writing() as work:
                job = work.jobs.held(member.run.id, member.fence)
                if job is not None:
                    self._see_to(work, job, member, status, leaving=leaving)
            self._members.remove(member)

    def _settled(self, member: _Member) -> str | None:
        # It has written its last word, or lost the run, and is about to end by itself.
        member.done_since = member.done_since or time.monotonic()
        return "its work is over" if time.monotonic() - member.done_since > LAST_WORDS else None

    def _wrong(self, member: _Member, job: Job, at: datetime) -> str | None:
        grace = timedelta(seconds=self._manners.grace)
        limit = member.run.time_limit
        if job.cancel == "forced" or (job.cancel_at is not None and at - job.cancel_at > grace):
            return "was cancelled"
        if limit is not None and transitions.worked(job, at) > limit + self._manners.grace:
            member.overdue = True
            return "took too long"
        if job.pid is None:
            return self._starting(job, at)
        if job.lease_until is not None and at - job.lease_until > self._spare:
            return "stopped answering"
        return None

    def _starting(self, job: Job, at: datetime) -> str | None:
        """Hold the lease for a process that does not do so yet."""
        if job.claimed_at is not None and at - job.claimed_at > timedelta(seconds=self._manners.start_up):
            return "did not start in time"
        if job.beat_at is not None and at - job.beat_at > timedelta(seconds=self._manners.lease / 4):
            with self._store.writing() as work:
                locked = work.jobs.held(job.run_id, job.fence)
                if locked is not None and locked.pid is None:
                    work.jobs.renew(locked, self._manners.lease)
        return None

    def _see_to(self, work: Work, job: Job, member: _Member, status: int, *, leaving: bool) -> None:
        if job.cancel is not None:
            transitions.cancel(work, job)
        elif member.overdue and member.run.time_limit is not None:
            transitions.fail(work, job, transitions.too_long(member.run.time_limit))
        elif leaving:
            transitions.put_back(work, job, "its worker was stopped", counted=False)
        else:
            why = member.killed_for or _fate(status)
            log.warning("run's process ended", extra={"run": member.run.id, "because": why})
            transitions.give_up(work, job, why, attempts=self._manners.attempts)


def _fate(status: int) -> str:
    if status == -signal.SIGKILL:
        return "was killed, perhaps because memory ran out"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"
