"""A worker as a process: it carries out runs, and nothing that happens to a run, a process or itself loses one."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fenlei.runs import cancel, position
from fenlei.store import Store
from fenlei.store.tables import Run
from tests.support.compute_suite import gone
from tests.support.runs import told
from tests.support.until import until
from tests.support.working import Yard


@pytest.fixture
def yard(sqlite_store: Store, tmp_path: Path) -> Iterator[Yard]:
    """Workers with short times."""
    with Yard(sqlite_store, tmp_path, lease=2.0, grace=0.5, drain=5.0, concurrency=2, most={"wait": 1}) as yard:
        yield yard


@pytest.fixture
def brisk(sqlite_store: Store, tmp_path: Path) -> Iterator[Yard]:
    """Workers with a lease so short that one can wait for its end."""
    with Yard(sqlite_store, tmp_path, lease=1.0) as yard:
        yield yard


def ended(yard: Yard, run: Run, seconds: float = 20.0) -> Run:
    """The run, when it is over."""
    until(lambda: yard.run(run.id).state in {"done", "failed", "cancelled"}, seconds, f"end of {run.kind}; {yard.log}")
    return yard.run(run.id)


def at_work(yard: Yard, run: Run) -> int:
    """The pid of the run's process, when its recipe has begun."""
    until(lambda: yard.has(f"{run.id}.waiting"), 20, f"the recipe's begin; {yard.log}")
    pid = yard.pid(run.id)
    assert pid is not None
    return pid


def pause(yard: Yard, pid: int) -> None:
    """Stop a process, but not in the middle of a transaction: in SQLite nobody would write any more."""

    def stopped_outside() -> bool:
        os.kill(pid, signal.SIGSTOP)
        with closing(sqlite3.connect(str(yard.store.address.database), timeout=0.1)) as file:
            try:
                file.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
                return False
            return True

    until(stopped_outside, 10, "a moment without a transaction")


def test_a_worker_carries_out_what_is_queued_as_far_as_it_may(yard: Yard) -> None:
    yard.start()
    waiting, second = yard.enqueue("wait"), yard.enqueue("wait")
    counted = yard.enqueue("count", steps=2, seconds=0.01)
    assert ended(yard, counted).state == "done"
    assert yard.marks.of(counted) == ["000", "001", "end"]
    at_work(yard, waiting)
    assert yard.run(second.id).state == "queued"  # `most` lets one of its kind run, though there is room for two
    with yard.store.reading() as work:
        assert position(work, second.id) == 1
        (worker,) = work.workers.all()
        assert worker.concurrency == 2
    cancel(yard.store, waiting.id)
    until(lambda: yard.has(f"{waiting.id}.told"), 5)
    assert ended(yard, waiting).state == "cancelled"
    at_work(yard, second)
    unknown, refused, burst = (yard.enqueue(kind) for kind in ("bake", "refuse", "burst"))
    assert ended(yard, unknown).error == (
        "This Fenlei carries out no runs of the kind 'bake'; it knows burst, count, die, hang, refuse, stubborn, wait."
    )
    assert ended(yard, refused).error == "The data set flowers has no labels; label its pictures first."
    error = ended(yard, burst).error
    assert error is not None
    assert "index -7" not in error
    assert "index -7" in yard.log
    assert error.split()[-1].rstrip(".") in yard.log


def test_a_worker_has_hands_for_so_many_runs_and_the_others_wait(brisk: Yard) -> None:
    brisk.start()
    first, second = brisk.enqueue("wait"), brisk.enqueue("wait")
    at_work(brisk, first)
    assert brisk.run(second.id).state == "queued"
    cancel(brisk.store, first.id)
    assert ended(brisk, first).state == "cancelled"
    at_work(brisk, second)


def test_a_run_that_does_not_listen_is_killed_with_all_it_has_started(yard: Yard) -> None:
    yard.start()
    run, other = yard.enqueue("stubborn"), yard.enqueue("stubborn", time_limit=0.2)
    pid = at_work(yard, run)
    (sleeper,) = [int(path.name.partition("-")[2]) for path in yard.folder.glob(f"{run.id}.sleeper-*")]
    cancel(yard.store, run.id)
    assert ended(yard, run).state == "cancelled"
    assert gone(pid)
    until(lambda: gone(sleeper), 5, "the end of what it had started")
    late = ended(yard, other)
    assert (late.state, late.error) == ("failed", "It took longer than its time limit of 0.2 seconds.")
    forced = yard.enqueue("stubborn")
    at_work(yard, forced)
    cancel(yard.store, forced.id, forced=True)
    assert ended(yard, forced).state == "cancelled"


def test_a_run_that_kills_its_process_fails_after_some_attempts(sqlite_store: Store, tmp_path: Path) -> None:
    with Yard(sqlite_store, tmp_path, attempts=2) as yard:
        yard.start()
        run = ended(yard, yard.enqueue("die"))
        assert run.error == (
            "It was begun 2 times and its process never came to an end; "
            "the last one was killed, perhaps because memory ran out."
        )
        states = [data.get("because") for data in told(yard.store, run, "state") if data["state"] == "queued"]
        assert states == [None, "its process was killed, perhaps because memory ran out"]


def test_a_process_that_holds_the_interpreter_ends_although_no_thread_of_it_moves(brisk: Yard) -> None:
    yard = brisk
    worker = yard.start()
    run = yard.enqueue("hang")
    pid = at_work(yard, run)
    worker.send_signal(signal.SIGSTOP)  # it is on its own
    until(lambda: gone(pid), 15, "its end")
    assert "Timeout" in yard.log  # and where it hung is in the log


def test_a_process_that_was_stopped_past_its_lease_finds_its_run_taken(brisk: Yard) -> None:
    yard = brisk
    first = yard.start()
    run = yard.enqueue("count", steps=10, seconds=0.05)
    until(lambda: "002" in yard.marks.of(run), 20)
    pid = yard.pid(run.id)
    assert pid is not None
    pause(yard, first.pid)  # so that it does not kill its silent child
    pause(yard, pid)
    before = yard.marks.of(run)
    yard.start()
    until(lambda: yard.pid(run.id) not in {None, pid}, 20, "the second claim")
    until(lambda: len(yard.marks.of(run)) > len(before), 20)
    os.kill(pid, signal.SIGCONT)
    until(lambda: gone(pid), 5, "the end of the old process")
    assert ended(yard, run).state == "done"
    assert yard.marks.of(run) == [f"{place:03d}" for place in range(10)] + ["end"]


def test_what_a_killed_worker_held_goes_on_with_the_next_one_at_once(sqlite_store: Store, tmp_path: Path) -> None:
    with Yard(sqlite_store, tmp_path, lease=60.0) as yard:  # whoever waited for the lease would wait long
        worker = yard.start()
        run = yard.enqueue("count", steps=10, seconds=0.05)
        until(lambda: "002" in yard.marks.of(run), 20)
        pid = yard.pid(run.id)
        assert pid is not None
        yard.kill(worker)
        until(lambda: gone(pid), 2, "the end of the process together with its worker")
        yard.start()
        assert ended(yard, run).state == "done"
        assert yard.marks.of(run) == [f"{place:03d}" for place in range(10)] + ["end"]
        assert not yard.has(f"{run.id}.twice")
        assert [data["state"] for data in told(yard.store, run, "state")].count("running") == 2


def test_a_worker_that_is_asked_to_leave_hands_its_runs_on_without_counting_an_attempt(yard: Yard) -> None:
    worker = yard.start()
    run, deaf = yard.enqueue("count", steps=10, seconds=0.05), yard.enqueue("wait")
    until(lambda: "002" in yard.marks.of(run), 20)
    at_work(yard, deaf)
    assert yard.stop(worker) == 0
    for each in (run, deaf):
        assert yard.run(each.id).state == "queued"
        with yard.store.reading() as work:
            job = work.jobs.get(each.id)
            assert job.state == "waiting"
            assert job.attempts <= 1  # what `count` had before its last finished step
            assert not work.workers.all()
    yard.start()
    assert ended(yard, run).state == "done"
    assert yard.marks.of(run) == [f"{place:03d}" for place in range(10)] + ["end"]


def test_a_worker_that_leaves_kills_who_does_not_stop(sqlite_store: Store, tmp_path: Path) -> None:
    with Yard(sqlite_store, tmp_path, drain=0.3) as yard:
        worker = yard.start()
        run = yard.enqueue("stubborn")
        pid = at_work(yard, run)
        assert yard.stop(worker) == 0
        assert gone(pid)
        assert yard.run(run.id).state == "queued"
        with yard.store.reading() as work:
            assert work.jobs.get(run.id).attempts == 0
