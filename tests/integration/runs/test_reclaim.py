"""Runs whose holder is gone are free at once where one can see it, and when the lease ends where one cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from fenlei.runs import LeaseLost, carry_out, transitions
from fenlei.runs.process import birth, host
from fenlei.runs.reclaim import free_the_dead, free_the_expired
from fenlei.store import Store, new_id, now
from fenlei.store.tables import Run, Worker
from tests.support.runs import ask, claim, found, told, work_off


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as waiting:
        yield waiting
        waiting.kill()


def a_worker(store: Store, pid: int, born: str | None, where: str | None = None) -> str:
    row = Worker(
        id=new_id("wk"),
        host=where or host(),
        pid=pid,
        born=born or "",
        concurrency=1,
        started_at=now(),
        seen_at=now(),
    )
    with store.writing() as work:
        work.workers.add(row)
    return row.id


def enter(store: Store, run: Run, fence: int, pid: int, born: str | None) -> None:
    with store.writing() as work:
        job = work.jobs.held(run.id, fence)
        assert job is not None
        work.jobs.enter(job, pid, born or "")


def test_a_process_is_known_by_its_pid_and_its_birth(process: subprocess.Popen[bytes]) -> None:
    born = birth(process.pid)
    assert born is not None
    assert birth(process.pid) == born
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert birth(process.pid) is None  # not reaped yet, and dead all the same
    process.wait()
    assert birth(process.pid) is None


def test_what_a_dead_worker_of_this_host_held_is_free_at_once(store: Store, process: subprocess.Popen[bytes]) -> None:
    run = ask(store)
    worker = a_worker(store, process.pid, birth(process.pid))
    claim(store, worker=worker, lease=1000.0)
    assert free_the_dead(store, host(), attempts=5) == 0
    process.kill()
    process.wait()
    assert free_the_dead(store, host(), attempts=5) == 1
    assert told(store, run, "state")[-1] == {
        "state": "queued",
        "because": "its process ended together with its worker",
    }
    with store.reading() as work:
        assert not work.workers.all()
    assert claim(store).fence == 2


def test_a_pid_that_is_used_again_is_not_taken_for_the_worker(store: Store) -> None:
    ask(store)
    claim(store, worker=a_worker(store, os.getpid(), "long ago"), lease=1000.0)
    assert free_the_dead(store, host(), attempts=5) == 1


def test_a_pid_of_another_container_means_nothing_here(store: Store) -> None:
    ask(store)
    claim(store, worker=a_worker(store, 2**22 + 5, "1", where="elsewhere/boot/pid:[2]"), lease=1000.0)
    assert free_the_dead(store, host(), attempts=5) == 0


def test_a_process_that_outlives_its_worker_keeps_its_run(store: Store, process: subprocess.Popen[bytes]) -> None:
    run = ask(store)
    job = claim(store, worker=a_worker(store, os.getpid(), "long ago"), lease=1000.0)
    enter(store, run, job.fence, process.pid, birth(process.pid))
    assert free_the_dead(store, host(), attempts=5) == 0
    process.kill()
    process.wait()
    assert free_the_dead(store, host(), attempts=5) == 1


def test_a_lease_that_ended_frees_a_run_of_another_host(store: Store) -> None:
    run = ask(store)
    claim(store, worker=a_worker(store, 1, "1", where="elsewhere"), lease=1000.0)
    assert free_the_expired(store, host(), 10.0, attempts=5) == 0
    with store.writing() as work:
        work.jobs.lock(run.id).lease_until = work.jobs.time() - timedelta(seconds=1)
    assert free_the_expired(store, host(), 10.0, attempts=5) == 1
    assert found(store, run).state == "queued"


def test_a_living_process_of_this_host_is_given_time_to_renew(store: Store, process: subprocess.Popen[bytes]) -> None:
    run = ask(store)
    job = claim(store, worker=a_worker(store, os.getpid(), birth(os.getpid())))
    enter(store, run, job.fence, process.pid, birth(process.pid))
    for late, freed in ((1, 0), (19, 0), (21, 1)):
        with store.writing() as work:
            work.jobs.lock(run.id).lease_until = work.jobs.time() - timedelta(seconds=late)
        assert free_the_expired(store, host(), 10.0, attempts=5) == freed


def test_a_dead_process_of_this_host_is_given_none(store: Store, process: subprocess.Popen[bytes]) -> None:
    run = ask(store)
    job = claim(store, worker=a_worker(store, os.getpid(), birth(os.getpid())), lease=-1.0)
    enter(store, run, job.fence, process.pid, "long ago")
    assert free_the_expired(store, host(), 10.0, attempts=5) == 1


def test_a_run_that_was_being_cancelled_is_cancelled_when_its_holder_is_gone(store: Store) -> None:
    run = ask(store)
    job = claim(store, worker=a_worker(store, os.getpid(), "long ago"), lease=1000.0)
    with store.writing() as work:
        work.jobs.ask_to_cancel(work.jobs.lock(run.id), "asked")
    assert free_the_dead(store, host(), attempts=5) == 1
    assert found(store, run).state == "cancelled"
    with pytest.raises(LeaseLost):
        carry_out(store, {}, run.id, job.fence)


def test_a_run_whose_processes_die_again_and_again_fails(store: Store) -> None:
    run = ask(store)
    for _ in range(5):
        job = claim(store)
        with store.writing() as work:
            held = work.jobs.held(run.id, job.fence)
            assert held is not None
            transitions.give_up(work, held, "was killed", attempts=5)
            waits = work.jobs.lock(run.id)
            waits.not_before = work.jobs.time()
    assert found(store, run).state == "failed"
    assert found(store, run).error == (
        "It was begun 5 times and its process never came to an end; the last one was killed."
    )
    assert work_off(store, {}) == []


def test_the_death_of_a_worker_weighs_less_and_delays_nothing(store: Store) -> None:
    run = ask(store)
    for _ in range(8):
        assert found(store, run).state == "queued"
        claim(store, worker=a_worker(store, os.getpid(), "long ago"), lease=1000.0)  # so it may be claimed at once
        assert free_the_dead(store, host(), attempts=2) == 1
    assert found(store, run).state == "failed"


def test_the_time_limit_counts_all_attempts(store: Store) -> None:
    run = ask(store, time_limit=100.0)
    for spent, state in ((60, "queued"), (60, "failed")):
        job = claim(store)
        with store.writing() as work:
            held = work.jobs.held(run.id, job.fence)
            assert held is not None
            assert held.beat_at is not None
            held.claimed_at = held.beat_at - timedelta(seconds=spent)
            transitions.give_up(work, held, "was killed", attempts=5)
        assert found(store, run).state == state
    assert found(store, run).error == "It took longer than its time limit of 100 seconds."
