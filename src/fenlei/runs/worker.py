"""The worker: claims runs, starts a process for each, watches them, and leaves nothing behind when it goes."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from fenlei.runs import transitions
from fenlei.runs.compute import Compute
from fenlei.runs.crew import Crew
from fenlei.runs.manners import Manners
from fenlei.runs.process import birth, host
from fenlei.runs.reclaim import FORGET, free_the_dead, free_the_expired
from fenlei.store import Store, new_id
from fenlei.store.tables import Job, Run, Worker

log = logging.getLogger(__name__)

LOOK_AROUND = 1.0
"""Seconds between two looks for runs whose holder is gone."""

SEEN = 10.0
"""Seconds between two words that this worker is still there."""

NO_PROCESS = 5.0
"""Seconds before a run is claimed again that could not be started."""


def run_worker(
    store: Store,
    compute: Compute,
    manners: Manners | None = None,
    *,
    stop: threading.Event | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Carry out runs until SIGTERM or SIGINT, or until `stop` is set; then let those under way stop at their next step
    and queue them again. A second signal does not wait for them.

    To be called in the main thread, or in another one that lives as long as the process; signals are heard in the main
    thread only.

    Args:
        store: opened in this process.
        compute: starts the processes of runs.
        manners: how it works.
        stop: ends it.
        ready: called when what a dead predecessor held is free and this worker begins to look for work.
    """
    worker = _Worker(store, compute, manners or Manners(), stop or threading.Event())
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: worker.leave())
    worker.work(ready)


class _Worker:
    def __init__(self, store: Store, compute: Compute, manners: Manners, stop: threading.Event) -> None:
        self._store, self._compute, self._manners, self._stop = store, compute, manners, stop
        self._hurry = threading.Event()
        self._host = host()
        self._id = new_id("wk")
        self._crew = Crew(store, self._id, manners)
        self._next_look = self._next_word = 0.0

    def leave(self) -> None:
        """Stop, and at the second call at once. Called by signal handlers."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def work(self, ready: Callable[[], None]) -> None:
        """Until it is to leave."""
        begun = False
        trouble = False
        while not self._stop.is_set():
            try:
                if not begun:
                    self._register()
                    self._look_around()
                    begun = True
                    ready()
                self._tick()
                trouble = False
            except Exception as exc:
                if not trouble:
                    log.warning("worker cannot work now", exc_info=exc)
                trouble = True
            self._stop.wait(self._manners.pause)
        self._drain()

    def _tick(self) -> None:
        self._crew.watch()
        self._crew.collect()
        if time.monotonic() >= self._next_look:
            self._look_around()
        while len(self._crew) < self._manners.concurrency and self._claim() and not self._stop.is_set():
            pass

    def _register(self) -> None:
        with self._store.writing() as work:
            at = work.jobs.time()
            work.workers.add(
                Worker(
                    id=self._id,
                    host=self._host,
                    pid=os.getpid(),
                    born=birth(os.getpid()) or "",
                    concurrency=self._manners.concurrency,
                    started_at=at,
                    seen_at=at,
                )
            )
        log.info("worker ready", extra={"worker": self._id, "concurrency": self._manners.concurrency})

    def _look_around(self) -> None:
        free_the_dead(self._store, self._host, self._manners.attempts)
        free_the_expired(self._store, self._host, self._manners.lease, self._manners.attempts)
        self._next_look = time.monotonic() + LOOK_AROUND
        if time.monotonic() >= self._next_word:
            with self._store.writing() as work:
                at = work.jobs.time()
                work.workers.seen(self._id, at)
                work.workers.forget_unseen(at - FORGET)
            self._next_word = time.monotonic() + SEEN

    def _claim(self) -> bool:
        """Take one run and start its process."""
        manners = self._manners
        full = [kind for kind, count in self._crew.kinds.items() if count >= manners.most.get(kind, count + 1)]
        with self._store.reading() as work:
            if not work.jobs.any_due(manners.kinds, full):
                return False
        with self._store.writing() as work:
            job = work.jobs.claim(self._id, manners.lease, kinds=manners.kinds, but=full, everywhere=manners.everywhere)
            if job is None:
                return False
            run = transitions.begin(work, job)
        self._start(run, job)
        return True

    def _start(self, run: Run, job: Job) -> None:
        try:
            child = self._compute.start(run.id, job.fence)
        except OSError as exc:
            log.error("no process for a run", extra={"run": run.id, "error": str(exc)})
            with self._store.writing() as work:
                held = work.jobs.held(run.id, job.fence)
                if held is not None:
                    transitions.put_back(work, held, f"no process could be started: {exc}", wait=NO_PROCESS)
            return
        self._crew.add(run, job.fence, child)

    def _drain(self) -> None:
        log.info("worker leaves", extra={"worker": self._id, "runs": len(self._crew)})
        self._crew.ask()
        end = time.monotonic() + self._manners.drain
        try:
            while len(self._crew) and time.monotonic() < end and not self._hurry.is_set():
                self._crew.collect(leaving=True)
                self._hurry.wait(min(0.1, self._manners.pause))
            self._crew.kill()
            self._crew.collect(leaving=True)
            with self._store.writing() as work:
                work.workers.remove(self._id)
        except Exception as exc:
            log.warning("worker left in a hurry", exc_info=exc)
            self._crew.kill()
