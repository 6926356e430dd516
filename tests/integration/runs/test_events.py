"""What a run tells: stored in order, bounded, followed from any id, read as a log."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest

from fenlei.runs import RunContext, cancel, events_after, follow, log_text, news
from fenlei.runs.transitions import PROGRESS_KEPT
from fenlei.store import NotFound, Store
from fenlei.store.events import NewEvent
from tests.support.runs import ask, carried, found, told, work_off
from tests.support.until import until


def talk(context: RunContext) -> dict[str, Any]:
    context.log("reading\nwriting")
    context.metric("loss", 0.5, epoch=1)
    context.metric("loss", float("nan"), epoch=2)
    context.early({"labels": ["梨", "app\x00le"]})

    def look() -> None:
        context.log("inside")
        context.progress("looking", 0.25)

    context.step("look", look)
    logging.getLogger("fenlei.training").warning("skipped", extra={"pictures": 3})
    return {}


def test_what_a_run_tells_is_there_in_order(store: Store) -> None:
    run = carried(store, talk)
    with store.reading() as work:
        events = events_after(work, run.id)
    assert [(event.kind, event.step, event.data) for event in events] == [
        ("state", None, {"state": "queued"}),
        ("state", None, {"state": "running", "attempt": 1}),
        ("log", None, {"text": "reading"}),
        ("log", None, {"text": "writing"}),
        ("metric", None, {"name": "loss", "value": 0.5, "epoch": 1}),
        ("metric", None, {"name": "loss", "value": None, "epoch": 2}),
        ("result", None, {"labels": ["梨", "app\ufffdle"]}),
        ("log", "look", {"text": "inside"}),
        ("progress", "look", {"stage": "looking", "fraction": 0.25}),
        ("log", None, {"text": "skipped pictures=3"}),
        ("state", None, {"state": "done"}),
    ]
    assert [event.id for event in events] == sorted({event.id for event in events})
    with store.reading() as work:
        assert events_after(work, run.id, events[3].id, 2) == [*events_after(work, run.id)[4:6]]


def test_progress_is_stored_a_few_times_a_second_and_its_last_word_always(sqlite_store: Store) -> None:
    seconds = 1.3

    def recipe(context: RunContext) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            context.progress("counting", 1 - (end - time.monotonic()) / seconds)
            time.sleep(0.001)
        context.progress("counting", 0.999)
        cancel(sqlite_store, context.run.id)
        until(context.cancelled, 3)

    run = carried(sqlite_store, recipe)
    fractions = [data["fraction"] for data in told(sqlite_store, run, "progress")]
    assert 2 <= len(fractions) <= 5 * (seconds + 1)
    assert fractions[-1] == 0.999
    assert fractions == sorted(fractions)
    assert (run.stage, run.progress, run.state) == ("counting", 0.999, "cancelled")


def test_old_progress_is_thinned_when_the_run_is_over(store: Store) -> None:
    def recipe(context: RunContext) -> None:
        with store.writing() as work:
            context.guard(work)
            each = [NewEvent("progress", {"fraction": place / 5000}, work.jobs.time()) for place in range(5000)]
            work.events.add(context.run.id, each)
        context.metric("accuracy", 0.9)

    run = carried(store, recipe)
    kept = [data["fraction"] for data in told(store, run, "progress")]
    assert PROGRESS_KEPT / 2 <= len(kept) <= PROGRESS_KEPT + 1
    assert kept[-1] == 4999 / 5000
    assert len(told(store, run, "metric")) == 1


def test_events_are_seen_while_the_run_goes_on_and_the_stream_ends_with_it(store: Store) -> None:
    run = ask(store)
    seen: list[Any] = []
    go = threading.Event()

    def read() -> None:
        for batch in follow(store, run.id, pause=0.02):
            seen.extend((event.id, event.data.get("text") or event.data.get("state")) for event in batch)

    reader = threading.Thread(target=read)
    reader.start()
    until(lambda: len(seen) == 1, 5, "the first event")

    def recipe(context: RunContext) -> None:
        context.log("half way")
        assert go.wait(10)

    worker = threading.Thread(target=work_off, args=(store, {"check": recipe}))
    worker.start()
    until(lambda: len(seen) == 3, 5, "the line, while the run goes on")
    go.set()
    worker.join()
    reader.join(10)
    assert not reader.is_alive()
    assert [what for _, what in seen] == ["queued", "running", "half way", "done"]
    rest = list(follow(store, run.id, seen[1][0], limit=1))
    assert [[event.data for event in batch] for batch in rest] == [[{"text": "half way"}], [{"state": "done"}]]


def test_a_silent_run_gives_empty_batches_and_holds_no_writer_up(store: Store) -> None:
    run = ask(store)
    following = follow(store, run.id, pause=0.01, patience=0.02)
    assert len(next(following)) == 1
    assert next(following) == []
    with store.writing() as work:
        work.jobs.ask_to_cancel(work.jobs.lock(run.id), "asked")
    assert news(store, run.id).over is False
    cancel(store, run.id)
    assert news(store, run.id).over is True
    assert news(store, run.id, limit=1).over is False
    with pytest.raises(NotFound, match="rn_none"):
        next(follow(store, "rn_none"))


def test_the_log_is_text_of_the_run_or_of_one_step(store: Store) -> None:
    run = carried(store, talk)
    lines = [line.split(" ", 1) for line in log_text(store, run.id)]
    assert [said for _, said in lines] == [
        "== queued\n",
        "== running (attempt: 1)\n",
        "reading\n",
        "writing\n",
        "[look] inside\n",
        "skipped pictures=3\n",
        "== done\n",
    ]
    assert all(len(at) == len("2026-11-23T11:40:01.123Z") for at, _ in lines)
    assert [line.split(" ", 1)[1] for line in log_text(store, run.id, "look")] == ["[look] inside\n"]
    with pytest.raises(NotFound, match="rn_none"):
        log_text(store, "rn_none")


def test_a_flood_of_lines_is_bounded_and_told(sqlite_store: Store) -> None:
    def recipe(context: RunContext) -> None:
        for number in range(20_000):
            context.log(f"line {number}" + "x" * 5000 * (number == 0))

    run = carried(sqlite_store, recipe)
    texts = [data["text"] for data in told(sqlite_store, run, "log")]
    assert texts[0] == "line 0" + "x" * 1994 + "… (3006 more characters)"
    notes = [text for text in texts if "left out" in text]
    assert 1000 <= len(texts) < 2000
    assert sum(int(note[1:].split()[0]) for note in notes) == 20_000 - (len(texts) - len(notes))
    assert found(sqlite_store, run).state == "done"


def test_a_result_that_is_no_json_is_a_fault_of_the_recipe(sqlite_store: Store) -> None:
    run = carried(sqlite_store, lambda context: {"thing": object()})
    assert run.state == "failed"
