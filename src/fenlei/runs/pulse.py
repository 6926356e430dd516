"""Beside a recipe: keep the lease, hand on what the run tells, learn when it shall stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from fenlei.runs.errors import LeaseLost
from fenlei.runs.outbox import Batch, Outbox
from fenlei.runs.reason import Reason
from fenlei.store import Store, Work
from fenlei.store.beats import beat
from fenlei.store.tables import Job

log = logging.getLogger(__name__)

LOOK = 0.25
"""Seconds between two batches, and between two looks at whether the run is cancelled."""

LONG = 3
"""Leases that a transaction which guards may take before this process is taken for stuck."""


class Pulse:
    """Holds a run for one process, from entering the `with` block to leaving it.

    Attributes:
        outbox: what the run tells goes here.
        reason: why the run shall stop, when it shall.
        enough: whether it shall end with what it has.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        fence: int,
        *,
        lease: float,
        beat: float,
        seconds_left: float | None = None,
        armed: Callable[[float], None] = lambda seconds: None,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare.

        Args:
            store: where the job is.
            run_id: whose.
            fence: under which it is held.
            lease: seconds that a lease lasts.
            beat: seconds between two renewals.
            seconds_left: of the run's time limit.
            armed: told after each renewal how many seconds the lease holds from now.
            lost: called in a thread of the pulse when somebody else may have the run.
        """
        self.outbox = Outbox()
        self.reason: Reason | None = None
        self.enough = False
        self._store, self._run_id, self._fence = store, run_id, fence
        self._lease, self._beat = lease, beat
        self._armed, self._lost = armed, lost
        self._ends = None if seconds_left is None else time.monotonic() + seconds_left
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._loop, args=(work,), name=name, daemon=True)
            for name, work in (("pulse", self._keep), ("post", self._post))
        ]
        self._next_beat = time.monotonic() + beat

    def __enter__(self) -> Pulse:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def drain(self) -> None:
        """The worker is leaving. Safe in a signal handler."""
        self.reason = self.reason or Reason.DRAIN

    def guard(self, work: Work) -> Job:
        """The job, locked in this transaction, with a lease that begins anew.

        Raises:
            LeaseLost: it is not held any more under our fence.
        """
        job = work.jobs.held(self._run_id, self._fence)
        if job is None:
            raise LeaseLost(f"The run {self._run_id} is not held under fence {self._fence} any more.")
        # While the row is locked nobody else can claim it, and we cannot renew it: the transaction may take its time.
        work.jobs.renew(job, self._lease)
        self._armed(LONG * self._lease)
        return job

    @contextmanager
    def fenced(self, *, last: bool = False) -> Iterator[tuple[Work, Job]]:
        """A transaction in which the job is ours, and which takes along what the run has told so far.

        Args:
            last: whether the run is settled by it, so that nothing is written afterwards.

        Raises:
            LeaseLost: the job is not ours.
        """
        # One at a time: when the last transaction of a run is through, no batch of ours is still on its way.
        with self._turn:
            with self._transaction() as (work, job):
                yield work, job
            if last:
                self._over.set()

    @contextmanager
    def _transaction(self) -> Iterator[tuple[Work, Job]]:
        batch = self.outbox.take()
        try:
            with self._store.writing() as work:
                job = self.guard(work)
                self._write(work, batch)
                yield work, job
        except BaseException:
            self.outbox.give_back(batch)
            raise

    def _loop(self, once: Callable[[], None]) -> None:
        complained = False
        while not self._over.wait(LOOK):
            try:
                once()
                complained = False
            except LeaseLost:
                with self._turn:
                    settled = self._over.is_set()
                if not settled:
                    self._stop_for(Reason.LOST)
                    self._lost()
                return
            except Exception as exc:  # noqa: BLE001 (whatever ails the database: the lease decides how long we try)
                if not complained:
                    log.warning("run cannot reach the store", extra={"run": self._run_id, "error": str(exc)})
                complained = True

    def _keep(self) -> None:
        """Renew the lease when it is time, and look whether the run shall stop."""
        if self._ends is not None and time.monotonic() > self._ends:
            self._stop_for(Reason.TIME)
        began = time.monotonic()
        if began >= self._next_beat:
            job = beat(self._store, self._run_id, self._fence, self._lease)
            if job is not None:
                self._next_beat = began + self._beat
                self._armed(self._lease - (time.monotonic() - began))
        else:
            with self._store.reading() as work:
                found = work.jobs.get(self._run_id)
            job = found if found.state == "held" and found.fence == self._fence else None
        if job is None:
            raise LeaseLost(f"The run {self._run_id} was taken away.")
        self.enough = self.enough or job.finish_at is not None
        if job.cancel is not None:
            self._stop_for(Reason.CANCEL)

    def _post(self) -> None:
        """Hand on what the run has told."""
        if self.outbox.waiting:
            with self._turn:
                if not self._over.is_set():
                    with self._transaction():
                        pass

    def _write(self, work: Work, batch: Batch) -> None:
        events = batch.events if batch.progress is None else [*batch.events, batch.progress]
        work.events.add(self._run_id, events)
        if batch.progress is not None:
            data = batch.progress.data
            work.runs.report(self._run_id, data["stage"], data["fraction"])

    def _stop_for(self, reason: Reason) -> None:
        weights = list(Reason)
        if self.reason is None or weights.index(reason) < weights.index(self.reason):
            self.reason = reason
