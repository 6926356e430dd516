"""Processes that do not behave: they start slowly, stay when their run is over, or cannot be started at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenlei.runs import LocalProcesses, Manners, cancel, crew, run_worker, transitions
from fenlei.runs.crew import Crew
from fenlei.runs.local import LocalProcess
from fenlei.store import Store
from tests.support.runs import ask, claim, found, told
from tests.support.until import until


@pytest.fixture
def sleeper() -> Iterator[LocalProcess]:
    """A process that knows nothing of runs and sleeps."""
    process = LocalProcesses(["sh", "-c", "sleep 600"]).start("rn_1", 1)
    yield process
    process.kill()


def test_the_lease_of_a_run_whose_process_is_still_starting_is_held_for_it(
    sqlite_store: Store, sleeper: LocalProcess
) -> None:
    run = ask(sqlite_store)
    job = claim(sqlite_store, worker="wk_1", lease=1000.0)
    ours = Crew(sqlite_store, "wk_1", Manners(lease=0.0))
    ours.add(run, job.fence, sleeper)
    ours.watch()
    with sqlite_store.reading() as work:
        assert work.jobs.get(run.id).beat_at != job.beat_at
    assert sleeper.status() is None


def test_a_process_that_does_not_start_in_time_is_killed_and_its_run_waits_again(
    sqlite_store: Store, sleeper: LocalProcess
) -> None:
    run = ask(sqlite_store)
    job = claim(sqlite_store, worker="wk_1")
    ours = Crew(sqlite_store, "wk_1", Manners(start_up=0.0))
    ours.add(run, job.fence, sleeper)
    ours.watch()
    ours.collect()
    assert sleeper.status() == -9
    assert told(sqlite_store, run, "state")[-1] == {
        "state": "queued",
        "because": "its process did not start in time",
    }
    assert len(ours) == 0


def test_a_process_that_stays_after_its_run_is_over_is_killed(
    sqlite_store: Store, sleeper: LocalProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ask(sqlite_store)
    job = claim(sqlite_store, worker="wk_1")
    ours = Crew(sqlite_store, "wk_1", Manners())
    ours.add(run, job.fence, sleeper)
    with sqlite_store.writing() as work:
        transitions.done(work, work.jobs.lock(run.id), {"found": 3})
    ours.watch()
    assert sleeper.status() is None
    monkeypatch.setattr(crew, "LAST_WORDS", 0.0)
    ours.watch()
    ours.collect()
    assert sleeper.status() == -9
    assert (found(sqlite_store, run).state, found(sqlite_store, run).result) == ("done", {"found": 3})


def test_a_run_for_which_no_process_can_be_started_waits_and_is_not_lost(sqlite_store: Store, tmp_path: Path) -> None:
    run = ask(sqlite_store)
    stop = threading.Event()
    compute = LocalProcesses([tmp_path / "no-such-program"])
    worker = threading.Thread(target=run_worker, args=(sqlite_store, compute), kwargs={"stop": stop})
    worker.start()
    try:
        until(lambda: len(told(sqlite_store, run, "state")) == 3, 10, "the run put back")
        because = told(sqlite_store, run, "state")[-1]["because"]
        assert because.startswith("no process could be started: ")
        assert "no-such-program" in because
        assert cancel(sqlite_store, run.id).state == "cancelled"
    finally:
        stop.set()
        worker.join(10)
    assert not worker.is_alive()
