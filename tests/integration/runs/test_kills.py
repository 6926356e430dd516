"""kill -9 at random moments, of workers and of the processes of runs: every run is done, each step of it once, and no
two processes are ever at work on one."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from fenlei.store import Store
from fenlei.store.tables import Run
from tests.support.stores import MakeStore
from tests.support.until import until
from tests.support.working import Yard

STEPS = 12


@pytest.mark.parametrize(("kind", "kills", "runs"), [("sqlite-disk", 16, 3), ("postgres-s3", 6, 2)])
def test_kills_at_random_moments_lose_nothing_and_do_nothing_twice(
    make_store: MakeStore, tmp_path: Path, kind: str, kills: int, runs: int
) -> None:
    chance = random.Random(20_261_123)  # the moments within a process differ all the same
    store = make_store(kind)
    killed = 0
    with Yard(store, tmp_path, concurrency=2, attempts=1000, pause=0.05) as yard:
        asked = [yard.enqueue("count", steps=STEPS, seconds=0.02) for _ in range(runs)]
        yard.start()
        end = time.monotonic() + 240
        while killed < kills and time.monotonic() < end:
            time.sleep(chance.uniform(0.0, 0.5))
            pids = _at_work(store, asked)
            if chance.random() < 0.3:
                yard.kill(yard.workers[0])
                yard.start()
                killed += 1
            elif pids:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(pids), signal.SIGKILL)
                    killed += 1
            if all(yard.run(run.id).state == "done" for run in asked):
                asked.append(yard.enqueue("count", steps=STEPS, seconds=0.02))
        assert killed == kills
        for run in asked:
            until(lambda run=run: yard.run(run.id).state == "done", 60, f"{yard.run(run.id).state}: {yard.log}")  # type: ignore[misc]
            assert yard.marks.of(run) == [f"{place:03d}" for place in range(STEPS)] + ["end"]
            assert yard.run(run.id).result == {"step": "end"}
            with store.reading() as work:
                states = [event.data["state"] for event in work.events.after(run.id, 0, 10_000, kinds=["state"])]
                assert states.count("done") == 1
                assert states[-1] == "done"
        assert not list(tmp_path.glob("*.twice"))
        with store.reading() as work:
            assert work.jobs.counts() == {}


def _at_work(store: Store, runs: list[Run]) -> list[int]:
    with store.reading() as work:
        jobs = [work.jobs.get(run.id) for run in runs]
        return [job.pid for job in jobs if job.pid is not None and job.state == "held"]
