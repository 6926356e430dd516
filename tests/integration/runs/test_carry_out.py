"""What a recipe can rely on, and what a person is told of how it ended."""

from __future__ import annotations

import logging
import math
from datetime import timedelta
from typing import Any

import pytest

from fenlei.contract.errors import FenleiError
from fenlei.runs import RunContext, RunStopped, cancel, carry_out, enqueue, transitions
from fenlei.runs.pulse import Pulse
from fenlei.store import Store, StoreError
from fenlei.store.tables import Job
from tests.support.runs import Marks, ask, carried, claim, found, mark, told, work_off
from tests.support.until import until


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """Which database it is makes no difference here."""
    return sqlite_store


def test_a_run_is_done_with_what_its_recipe_returns(store: Store) -> None:
    run = carried(store, lambda context: {"accuracy": 0.75, "per_class": (1, 2), "loss": math.nan})
    assert (run.state, run.progress, run.error) == ("done", 1.0, None)
    assert run.result == {"accuracy": 0.75, "per_class": [1, 2], "loss": None}
    assert run.started_at is not None
    assert run.finished_at is not None
    assert [data["state"] for data in told(store, run, "state")] == ["queued", "running", "done"]


def test_a_cancelled_run_is_told_within_a_second_and_stops_at_its_next_step(store: Store, marks: Marks) -> None:
    def recipe(context: RunContext) -> None:
        context.finish_step("one", mark(context.run, "one"))
        cancel(store, context.run.id)
        until(context.cancelled, 2, "the word that it is cancelled")
        context.finish_step("two", mark(context.run, "two"))

    run = carried(store, recipe)
    assert (run.state, run.error, run.result) == ("cancelled", None, None)
    assert marks.of(run) == ["one"]


def test_what_a_recipe_does_when_it_is_told_to_stop_is_its_own_affair(store: Store) -> None:
    def returns(context: RunContext) -> dict[str, Any]:
        cancel(store, context.run.id)
        until(context.cancelled, 2)
        return {"half": True}

    def raises(context: RunContext) -> None:
        returns(context)
        raise FenleiError("Training was stopped.")

    def bursts(context: RunContext) -> None:
        returns(context)
        raise RuntimeError

    def in_a_step(context: RunContext) -> None:
        context.step("half", lambda: returns(context))

    for recipe in (returns, raises, bursts, in_a_step):
        run = carried(store, recipe)
        assert (run.state, run.error, run.result) == ("cancelled", None, None)
        with store.reading() as work:
            assert work.steps.finished(run.id, "half") is None


def test_a_run_that_gives_way_waits_for_the_more_urgent_one_that_came_and_goes_on(store: Store, marks: Marks) -> None:
    begun: list[str] = []

    def patient(context: RunContext) -> None:
        begun.append(context.run.id)
        if len(begun) == 1:
            with store.writing() as work:
                enqueue(work, kind="urgent", subject={}, settings={})
            until(context.gives_way, 5, "the word that somebody more urgent waits")
            context.check()
        assert not context.gives_way(), "whoever has been served is no reason any more"
        context.finish_step("done", mark(context.run, "done"))

    with store.writing() as work:
        run = enqueue(work, kind="patient", subject={}, settings={}, priority=-10)
    other = ask(store, "elsewhere", priority=5)  # was there before; nobody here carries out such
    with store.writing() as work:
        work.jobs.lock(other.id).not_before = work.jobs.time() - timedelta(seconds=1)
    order = []
    while job := _claimed(store, ["patient", "urgent"]):
        order.append(job.run_id)
        carry_out(store, {"patient": patient, "urgent": lambda context: None}, job.run_id, job.fence)
    assert [each == run.id for each in order] == [True, False, True]
    assert found(store, run).state == "done"
    assert marks.of(run) == ["done"]
    assert [data.get("because") for data in told(store, run, "state")].count("a more urgent run came") == 1
    with store.reading() as work:
        assert work.jobs.get(run.id).attempts == 1, "to give way is no attempt"


def _claimed(store: Store, kinds: list[str]) -> Job | None:
    with store.reading() as work:
        due = work.jobs.any_due(kinds)
    return claim(store, kinds=kinds) if due else None


def test_a_run_that_finishes_although_it_was_told_to_stop_is_done(store: Store, marks: Marks) -> None:
    def recipe(context: RunContext) -> None:
        cancel(store, context.run.id)
        until(context.cancelled, 2)
        context.finish(mark(context.run, "end"))

    run = carried(store, recipe)
    assert run.state == "done"
    assert marks.of(run) == ["end"]


def test_a_time_limit_ends_a_run_with_a_sentence(store: Store) -> None:
    def recipe(context: RunContext) -> None:
        until(context.cancelled, 3)
        context.check()

    run = carried(store, recipe, time_limit=0.1)
    assert (run.state, run.error) == ("failed", "It took longer than its time limit of 0.1 seconds.")


def test_a_refusal_is_the_sentence_that_a_person_reads(store: Store) -> None:
    def recipe(context: RunContext) -> None:
        raise FenleiError("The data set flowers has no labels.")

    run = carried(store, recipe)
    assert (run.state, run.error) == ("failed", "The data set flowers has no labels.")
    assert told(store, run, "state")[-1] == {"state": "failed", "error": "The data set flowers has no labels."}


@pytest.mark.parametrize("error", [RuntimeError("index -7"), SystemExit(3), KeyboardInterrupt()])
def test_a_fault_of_ours_is_a_sentence_and_an_id_under_which_the_log_says_more(
    store: Store, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def recipe(context: RunContext) -> None:
        raise error

    run = carried(store, recipe)
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.startswith("Something went wrong inside Fenlei.")
    assert "index" not in run.error
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert vars(record)["error_id"] in run.error
    assert record.exc_info is not None
    assert not any("Traceback" in str(data) for data in told(store, run, "log"))


def test_a_run_of_an_unknown_kind_fails_with_the_known_ones(store: Store) -> None:
    with store.writing() as work:
        run = enqueue(work, kind="bake", subject={}, settings={})
    work_off(store, {"train": lambda context: None, "check": lambda context: None})
    assert found(store, run).error == "This Fenlei carries out no runs of the kind 'bake'; it knows check, train."


def test_a_database_that_was_away_is_tried_again_and_not_for_ever(store: Store) -> None:
    tries: list[int] = []

    def recipe(context: RunContext) -> None:
        tries.append(1)
        raise StoreError("The database cannot be used: gone.")

    run = ask(store)
    for _ in range(3):
        with store.writing() as work:
            work.jobs.lock(run.id).not_before = work.jobs.time()
        work_off(store, {"check": recipe}, attempts=3)
    again = found(store, run)
    assert len(tries) == 3
    assert again.state == "failed"
    assert again.error is not None
    assert again.error.startswith("It was begun 3 times")
    assert again.error.endswith("the last one could not go on: The database cannot be used: gone.")


def test_a_finished_step_forgives_earlier_deaths(store: Store) -> None:
    run = ask(store)
    for _ in range(3):
        job = claim(store)
        with store.writing() as work:
            held = work.jobs.held(run.id, job.fence)
            assert held is not None
            transitions.give_up(work, held, "was killed", attempts=99)
            work.jobs.lock(run.id).not_before = work.jobs.time()
    job = claim(store)
    assert job.attempts == 4
    pulse = Pulse(store, run.id, job.fence, lease=10.0, beat=60.0)
    RunContext(store, found(store, run), pulse).step("one", lambda: None)
    with store.reading() as work:
        assert work.jobs.get(run.id).attempts == 1


def test_a_worker_that_leaves_gives_the_run_back_and_that_is_no_attempt(store: Store, marks: Marks) -> None:
    pulses: list[Pulse] = []

    def recipe(context: RunContext) -> None:
        context.finish_step("one", mark(context.run, "one"))
        pulses[0].drain()
        context.finish_step("two", mark(context.run, "two"))

    run = ask(store)
    job = claim(store)
    carry_out(store, {"check": recipe}, run.id, job.fence, began=pulses.append)
    assert found(store, run).state == "queued"
    assert told(store, run, "state")[-1] == {"state": "queued", "because": "its worker was stopped"}
    with store.reading() as work:
        assert work.jobs.get(run.id).attempts == 0
    pulses.clear()
    with pytest.raises(RunStopped):
        carry_out(store, {"check": recipe}, run.id, job.fence)
