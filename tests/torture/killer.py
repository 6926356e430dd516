"""Kills processes of a platform at random moments, and sees how long what they held is held by nobody."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from fenlei.store import Store, StoreError
from tests.torture.tree import Tree, kill

SERVER, WORKER, JOB = "server", "worker", "run"
WEIGHTS = {SERVER: 1, WORKER: 2, JOB: 5}
DEATHS = 3
"""Of one run by our hand; after five in one step the platform would rightly take it for one that kills its process."""

WHILE_STARTING = 0.15
"""Share of the server's deaths that are followed by another one while it starts."""


@dataclass
class Toll:
    """What was killed.

    Attributes:
        kills: by target.
        down: from and until when (monotonic) the server did not answer.
        freed: seconds from a kill until the run was not held by the dead any more, by target.
        reclaimed: seconds until it was claimed again, its turn in the queue included.
    """

    kills: Counter[str] = field(default_factory=Counter)
    down: list[tuple[float, float]] = field(default_factory=list)
    freed: dict[str, list[float]] = field(default_factory=lambda: {WORKER: [], JOB: [], SERVER: []})
    reclaimed: dict[str, list[float]] = field(default_factory=lambda: {WORKER: [], JOB: [], SERVER: []})

    @property
    def total(self) -> int:
        """All kills."""
        return sum(self.kills.values())


class Killer:
    """Kills, one after the other, in the thread that calls it."""

    def __init__(self, tree: Tree, store: Store, seed: int, over: threading.Event) -> None:
        self._tree, self._store, self._over = tree, store, over
        self._random = random.Random(seed)
        self._deaths: Counter[str] = Counter()
        self._orphans: dict[tuple[str, int], tuple[str, float]] = {}
        self._held_by_dead: set[tuple[str, int]] = set()
        self.toll = Toll()

    def work(self, kills: int, end: float) -> None:
        """Until so many are killed, or the time (monotonic) has come."""
        while self.toll.total < kills and time.monotonic() < end and not self._over.is_set():
            self._wait(self._random.uniform(0.05, 1.5))
            target = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            if target == SERVER:
                self._kill_server()
                self._wait(self._random.uniform(0.0, 6.0))  # long enough, at times, for work to begin
            elif target == WORKER:
                self._kill_worker()
            else:
                self._kill_job()

    def watch(self) -> None:
        """See whether what was held by the dead is held by the living."""
        with self._store.reading() as work:
            for (run_id, fence), (target, since) in list(self._orphans.items()):
                job = work.jobs.get(run_id)
                if (job.fence > fence or job.state != "held") and (run_id, fence) in self._held_by_dead:
                    self._held_by_dead.discard((run_id, fence))
                    self.toll.freed[target].append(time.monotonic() - since)
                if job.fence > fence:
                    self.toll.reclaimed[target].append(time.monotonic() - since)
                if job.fence > fence or job.state == "ended":
                    del self._orphans[run_id, fence]

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(StoreError):
                self.watch()
            time.sleep(0.02)

    def _kill_server(self) -> None:
        held = self._held()
        since = time.monotonic()
        self._tree.kill_server()
        self._count(SERVER, held, since)
        self._tree.begin()
        while self._random.random() < WHILE_STARTING:
            time.sleep(self._random.uniform(0.1, 2.5))
            self._tree.kill_server()
            self.toll.kills[SERVER] += 1
            self._tree.begin()
        self._tree.wait()
        self.toll.down.append((since, time.monotonic()))

    def _kill_worker(self) -> None:
        workers = self._tree.workers()
        if workers:
            pid = self._random.choice(workers)
            with self._store.reading() as work:
                rows = [row.id for row in work.workers.all() if row.pid == pid]
                held = {(job.run_id, job.fence) for row in rows for job in work.jobs.held_by(row)}
            since = time.monotonic()
            if kill(pid):
                self._count(WORKER, held, since)

    def _kill_job(self) -> None:
        jobs = self._tree.jobs()
        if not jobs:
            return
        pid, held = self._random.choice(list(jobs.items()))
        if self._deaths[held[0]] >= DEATHS:
            return
        since = time.monotonic()
        if kill(pid):
            self._deaths[held[0]] += 1
            self._count(JOB, {held}, since)

    def _held(self) -> set[tuple[str, int]]:
        with self._store.reading() as work:
            return {(job.run_id, job.fence) for row in work.workers.all() for job in work.jobs.held_by(row.id)}

    def _count(self, target: str, held: set[tuple[str, int]], since: float) -> None:
        self.toll.kills[target] += 1
        for one in held:
            self._held_by_dead.add(one)
            self._orphans.setdefault(one, (target, since))
