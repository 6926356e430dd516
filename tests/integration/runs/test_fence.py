"""Steps, ends and the fence, on both databases: what is written for a run is written once, by who holds it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from fenlei.runs import LeaseLost, RunContext, carry_out, transitions
from fenlei.runs.pulse import LOOK, Pulse
from fenlei.store import Conflict, Store, Work
from fenlei.store.tables import Run
from tests.support.runs import Marks, ask, carried, claim, found, mark, told, work_off
from tests.support.stores import MakeStore
from tests.support.until import until


def beat_of(store: Store, run: Run) -> object:
    with store.reading() as work:
        return work.jobs.get(run.id).beat_at


def test_a_result_and_its_rows_are_there_together(store: Store, marks: Marks) -> None:
    def recipe(context: RunContext) -> dict[str, Any]:
        context.log("before the end")
        context.finish(mark(context.run, "row"))
        context.log("too late")
        return {"ignored": True}

    run = carried(store, recipe)
    assert (run.state, run.result, marks.of(run)) == ("done", {"step": "row"}, ["row"])
    assert told(store, run, "log") == [{"text": "before the end"}]


def test_a_failing_end_leaves_no_rows(store: Store, marks: Marks) -> None:
    def recipe(context: RunContext) -> None:
        def taken(work: Work) -> None:
            mark(context.run, "row")(work)
            raise Conflict("There is already a model flowers.")

        context.finish(taken)

    run = carried(store, recipe)
    assert (run.state, run.error, run.result) == ("failed", "There is already a model flowers.", None)
    assert marks.of(run) == []


def test_finished_steps_are_not_done_again(store: Store, marks: Marks) -> None:
    done: list[str] = []

    def recipe(context: RunContext) -> dict[str, Any]:
        def look() -> dict[str, Any]:
            done.append("look")
            return {"pictures": 7}

        looked = context.step("look", look)
        written = context.finish_step("write", mark(context.run, "written"))
        if len(done) == 1:
            done.append("killed")
            raise LeaseLost  # as good as a kill: nothing more is written
        assert context.step("empty", lambda: None) is None
        return {"looked": looked, "written": written}

    run = ask(store)
    job = claim(store)
    with pytest.raises(LeaseLost):
        carry_out(store, {"check": recipe}, run.id, job.fence)
    with store.writing() as work:
        held = work.jobs.held(run.id, job.fence)
        assert held is not None
        transitions.give_up(work, held, "was killed", attempts=5)
    work_off(store, {"check": recipe})
    assert found(store, run).result == {"looked": {"pictures": 7}, "written": {"step": "written"}}
    assert done == ["look", "killed"]
    assert marks.of(run) == ["written"]
    with store.reading() as work:
        assert [(step.name, step.state) for step in work.steps.of(run.id)] == [
            ("look", "done"),
            ("write", "done"),
            ("empty", "done"),
        ]


def test_who_lost_the_lease_can_write_nothing(store: Store, marks: Marks) -> None:
    run = ask(store)
    old = claim(store)
    pulse = Pulse(store, run.id, old.fence, lease=10.0, beat=60.0)
    context = RunContext(store, found(store, run), pulse)
    context.step("early", lambda: {"by": "old"})
    with store.writing() as work:
        transitions.put_back(work, work.jobs.lock(run.id), "stopped answering")
    attempts: list[Callable[[], object]] = [
        lambda: context.finish(mark(run, "old")),
        lambda: context.finish_step("write", mark(run, "old")),
        lambda: context.step("look", lambda: {"by": "old"}),
        lambda: guarded(context),
    ]

    def guarded(context: RunContext) -> None:
        with store.writing() as work:
            mark(run, "old")(work)
            context.guard(work)

    for taken in (False, True):
        if taken:
            assert claim(store).fence == old.fence + 1
        context.log("from the old one")
        for attempt in attempts:
            with pytest.raises(LeaseLost):
                attempt()
    assert marks.of(run) == []
    assert told(store, run, "log") == []
    with store.reading() as work:
        assert [step.name for step in work.steps.of(run.id)] == ["early"]
        assert work.runs.get(run.id).state == "running"


def test_a_living_process_learns_that_its_lease_is_lost(store: Store) -> None:
    run = ask(store)
    job = claim(store)
    lost: list[int] = []
    with Pulse(store, run.id, job.fence, lease=10.0, beat=0.01, lost=lambda: lost.append(1)) as pulse:
        before = beat_of(store, run)
        until(lambda: beat_of(store, run) != before, 5, "a renewal")
        with store.writing() as work:
            transitions.put_back(work, work.jobs.lock(run.id), "stopped answering")
        until(lambda: lost, 5, "the loss")
        assert pulse.reason == "lost"


def test_what_comes_after_the_end_of_a_run_is_not_taken_for_a_loss(store: Store) -> None:
    lost: list[int] = []
    over: list[bool] = []

    def recipe(context: RunContext) -> None:
        context.finish(lambda work: {})
        context.log("too late")
        over.append(context.cancelled())
        time.sleep(3 * LOOK)  # the promise is that nothing happens

    run = ask(store)
    job = claim(store)
    carry_out(store, {"check": recipe}, run.id, job.fence, beat=0.01, lost=lambda: lost.append(1))
    assert found(store, run).state == "done"
    assert (lost, over) == ([], [False])


def test_a_lease_is_renewed_while_somebody_else_writes_for_long_on_postgres(make_store: MakeStore) -> None:
    store = make_store("postgres-s3")
    run = ask(store)
    job = claim(store)
    with Pulse(store, run.id, job.fence, lease=10.0, beat=0.01), store.writing() as work:
        work.jobs.time()  # the first question takes the turn
        before = beat_of(store, run)
        until(lambda: beat_of(store, run) != before, 5, "a renewal")
