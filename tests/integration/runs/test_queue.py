"""The queue, on both databases: who is next, who may, what becomes of the cancelled and of those asked for again."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from fenlei.runs import cancel, enqueue, position, retry, transitions
from fenlei.store import Conflict, NotFound, Store, new_id, now
from fenlei.store.tables import Project, Run
from tests.support.runs import claim, work_off


def ask(store: Store, kind: str = "check", **more: object) -> Run:
    with store.writing() as work:
        return enqueue(work, kind=kind, subject={"dataset_id": "ds_1"}, settings={"seed": 1}, **more)  # type: ignore[arg-type]


def a_project(store: Store) -> str:
    project = Project(
        id=new_id("pr"), name=new_id("x"), kind="automated", settings={}, created_at=now(), updated_at=now()
    )
    with store.writing() as work:
        work.session.add(project)
    return project.id


def state(store: Store, run: Run) -> str:
    with store.reading() as work:
        return work.runs.get(run.id).state


def test_a_run_and_its_place_in_the_queue_are_there_together_or_not_at_all(store: Store) -> None:
    asked: list[Run] = []

    def ask_and_fail() -> None:
        with store.writing() as work:
            asked.append(enqueue(work, kind="check", subject={}, settings={}))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ask_and_fail()
    (lost,) = asked
    with store.reading() as work:
        assert not work.jobs.any_due()
        with pytest.raises(NotFound, match=lost.id):
            work.runs.get(lost.id)
        with pytest.raises(NotFound, match=lost.id):
            position(work, lost.id)
    kept = ask(store)
    with store.reading() as work:
        assert work.jobs.any_due()
        assert work.runs.get(kept.id).subject == {"dataset_id": "ds_1"}


def test_the_highest_priority_is_next_and_among_equals_the_oldest(store: Store) -> None:
    first, second, urgent = ask(store), ask(store), ask(store, priority=5)
    with store.reading() as work:
        assert [position(work, run.id) for run in (urgent, first, second)] == [1, 2, 3]
    assert [claim(store).run_id for _ in range(3)] == [urgent.id, first.id, second.id]
    with store.reading() as work:
        assert position(work, first.id) is None
        assert work.jobs.counts() == {"held": 3}


def test_a_run_does_not_begin_before_its_time(store: Store) -> None:
    later = ask(store, not_before=now() + timedelta(hours=1))
    soon = ask(store)
    assert claim(store).run_id == soon.id
    with store.writing() as work:
        assert work.jobs.claim("wk_1", 10.0) is None
    assert state(store, later) == "queued"


def test_a_claim_names_the_run_running_and_moves_the_fence(store: Store) -> None:
    run = ask(store)
    job = claim(store)
    assert (job.state, job.fence, job.attempts) == ("held", 1, 1)
    assert state(store, run) == "running"
    with store.writing() as work:
        transitions.put_back(work, work.jobs.lock(run.id), "its process was killed")
    assert state(store, run) == "queued"
    assert claim(store).fence == 2


def test_kinds_and_limits_are_kept(store: Store) -> None:
    train, check = ask(store, "train"), ask(store, "check")
    with store.writing() as work:
        assert work.jobs.claim("wk_1", 10.0, kinds=["export"]) is None
        taken = work.jobs.claim("wk_1", 10.0, but=["train"], everywhere=1)
        assert taken is not None
        assert taken.run_id == check.id
        assert work.jobs.claim("wk_2", 10.0, everywhere=1) is None
        more = work.jobs.claim("wk_2", 10.0, everywhere=2)
        assert more is not None
        assert more.run_id == train.id


def test_many_claimers_at_once_take_every_run_once(store: Store) -> None:
    asked = {ask(store).id for _ in range(20)}
    taken: list[str] = []
    line = threading.Barrier(4)

    def take(worker: str) -> None:
        line.wait()
        while True:
            with store.writing() as work:
                job = work.jobs.claim(worker, 10.0)
            if job is None:
                return
            taken.append(job.run_id)

    threads = [threading.Thread(target=take, args=(f"wk_{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(asked)


def test_runs_of_a_project_are_numbered_even_when_asked_for_at_once(store: Store) -> None:
    project = a_project(store)
    line = threading.Barrier(4)

    def some() -> None:
        line.wait()
        for _ in range(3):
            ask(store, project_id=project)

    threads = [threading.Thread(target=some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as work:
        found, after = work.runs.page(None, 5, project_id=project)
        assert len(found) == 5
        rest, end = work.runs.page(after, 100, project_id=project)
        assert end is None
        assert sorted(run.number for run in (*found, *rest)) == list(range(1, 13))
        assert len(work.runs.unfinished(project)) == 12
    with pytest.raises(NotFound, match="pr_none"):
        ask(store, project_id="pr_none")
    assert ask(store).number == 0


def test_a_queued_run_is_cancelled_at_once_and_can_be_asked_for_again(store: Store) -> None:
    run = ask(store, priority=3, time_limit=60.0, by="us_1")
    with pytest.raises(Conflict, match="is queued"):
        retry(store, run.id)
    assert cancel(store, run.id).state == "cancelled"
    assert cancel(store, run.id).state == "cancelled"
    with store.reading() as work:
        assert not work.jobs.any_due()
    again = retry(store, run.id, by="us_2")
    assert (again.state, again.retry_of, again.created_by) == ("queued", run.id, "us_2")
    assert (again.kind, again.subject, again.settings) == (run.kind, run.subject, run.settings)
    assert again.time_limit == 60.0
    with store.reading() as work:
        assert work.jobs.get(again.id).priority == 3
        assert [event.data["state"] for event in work.events.after(run.id, 0, 10)] == ["queued", "cancelled"]


def test_what_is_over_is_not_cancelled(store: Store) -> None:
    run = ask(store)
    work_off(store, {"check": lambda context: {"found": 3}})
    with pytest.raises(Conflict, match=f"{run.id} is done"):
        cancel(store, run.id)
    with pytest.raises(NotFound, match="rn_none"):
        cancel(store, "rn_none")
    assert state(store, run) == "done"


def test_a_running_one_is_asked_first_and_forced_the_second_time(store: Store) -> None:
    run = ask(store)
    claim(store)
    assert cancel(store, run.id).state == "running"
    with store.reading() as work:
        assert work.jobs.get(run.id).cancel == "asked"
    cancel(store, run.id)
    with store.reading() as work:
        assert work.jobs.get(run.id).cancel == "forced"


def test_a_run_whose_lease_ended_is_cancelled_at_once(store: Store) -> None:
    run = ask(store)
    claim(store, lease=-1.0)
    assert cancel(store, run.id).state == "cancelled"


def test_a_time_limit_is_a_time(store: Store) -> None:
    with pytest.raises(Conflict, match="above 0, not -1"):
        ask(store, time_limit=-1.0)


def test_a_deleted_project_takes_its_runs_along(store: Store) -> None:
    project = a_project(store)
    run = ask(store, project_id=project)
    with store.writing() as work:
        work.session.delete(work.session.get_one(Project, project))
    with store.reading() as work:
        assert not work.jobs.any_due()
        with pytest.raises(NotFound):
            work.runs.get(run.id)
