"""A training with a budget: its board fills and survives, a model is there early, it is ended, and given more time."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fenlei.projects import best_so_far
from fenlei.projects.best_so_far import BEST, finish_training, keep_best
from fenlei.projects.leaderboard import leaderboard
from fenlei.projects.projects import create_project
from fenlei.projects.train_recipe import train_recipe
from fenlei.projects.training_run import start_training
from fenlei.runs import Recipe, Recipes, RunContext, carry_out, transitions
from fenlei.serving.host import ModelHost
from fenlei.store import Conflict, Store
from fenlei.store.gc import find_garbage
from fenlei.store.tables import Project, Run
from fenlei.training.journal import Journal
from tests.integration.projects.conftest import bring_in
from tests.support.runs import ask, claim, found, told, work_off
from tests.support.until import until

LONG = 600.0
"""A budget that nothing here uses up."""

During = Callable[[RunContext], None]


@pytest.fixture
def searching(sqlite_store: Store, known: Recipes, drawn_classes: Path) -> Project:
    """A project whose trainings search."""
    dataset = bring_in(sqlite_store, known, drawn_classes)
    return create_project(sqlite_store, "p", "automated", dataset.id, {"goal": "fast", "budget": LONG})


@pytest.fixture
def at_first_best(known: Recipes, monkeypatch: pytest.MonkeyPatch) -> Callable[[During], Recipes]:
    """Recipes by which something happens as soon as a training has its first model."""

    def make(happens: During) -> Recipes:
        contexts: list[RunContext] = []
        replace = best_so_far.Best.replace

        def kept(self: best_so_far.Best, trained: Any) -> None:
            replace(self, trained)
            if contexts:
                happens(contexts.pop())

        def carried(context: RunContext) -> dict[str, Any] | None:
            contexts.append(context)
            return known["train"](context)

        monkeypatch.setattr(best_so_far.Best, "replace", kept)
        recipe: Recipe = carried
        return {"train": recipe}

    return make


@pytest.fixture
def after_candidates(known: Recipes, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Recipes]:
    """Recipes by which a training is asked to finish when so many candidates are written down."""

    def make(candidates: int) -> Recipes:
        contexts: list[RunContext] = []
        add = Journal.add

        def add_and_finish(self: Journal, *args: Any) -> Any:
            record = add(self, *args)
            if contexts and len(self) >= candidates:
                finish_now(contexts.pop())
            return record

        def carried(context: RunContext) -> dict[str, Any] | None:
            contexts.append(context)
            return known["train"](context)

        monkeypatch.setattr(Journal, "add", add_and_finish)
        return {"train": carried}

    return make


def keys(store: Store, run: Run) -> list[str]:
    return [each["key"] for each in told(store, run, "candidate")]


def finish_now(context: RunContext) -> None:
    """Ask for the end, and wait until the run has heard of it."""
    finish_training(context.store, context.run.id)
    until(context.enough, 10, "the word arrives")


def test_every_candidate_is_a_line_while_the_run_goes_on_and_the_best_is_kept(
    sqlite_store: Store, searching: Project, at_first_best: Callable[[During], Recipes], cache: Path, tmp_path: Path
) -> None:
    seen: dict[str, Any] = {}

    def look(context: RunContext) -> None:
        store, run_id = context.store, context.run.id
        seen["board"] = leaderboard(store, run_id)
        seen["first"], seen["again"] = keep_best(store, run_id, "us_1"), keep_best(store, run_id, "us_2")
        with store.reading() as work:
            seen["best"] = (work.steps.of(run_id), work.runs.get(run_id).state)
        seen["garbage"] = set(find_garbage(store, timedelta(0)).blobs)
        finish_now(context)

    start_training(sqlite_store, searching.id)
    (run,) = work_off(sqlite_store, at_first_best(look))
    assert run.state == "done", run.error
    assert run.result is not None

    (line,) = seen["board"]
    assert (line["head"], line["chosen"], line["aim"]) == ("logistic regression", True, "accuracy")
    assert line["score_interval"][0] <= line["score"] <= line["score_interval"][1]
    assert line["milliseconds"] > 0
    assert line["bytes"] > 0
    assert line["seconds"] >= 0

    version = seen["first"]
    assert (version.number, version.created_by, version.id) == (1, "us_1", seen["again"].id)
    assert version.lineage["run"] == {"id": run.id, "number": 1, "so_far": True}
    assert version.lineage["recipe"]["head"] == "logistic regression"
    assert seen["best"][1] == "running"
    (step,) = [each for each in seen["best"][0] if each.name == BEST]
    assert step.result["sha256"] == version.sha256
    assert version.sha256 not in seen["garbage"]
    path = tmp_path / "early.fenlei"
    sqlite_store.blobs.save_to(version.sha256, path)
    host = ModelHost(cache=cache)
    host.load(path)
    host.close()

    with pytest.raises(Conflict, match=f"is done; its model version is {run.result['model_version_id']}"):
        keep_best(sqlite_store, run.id)


def test_the_best_of_a_run_under_way_is_no_garbage_and_that_which_it_replaced_is(
    sqlite_store: Store, searching: Project, known: Recipes
) -> None:
    run = start_training(sqlite_store, searching.id)
    claim(sqlite_store)
    old, new = (sqlite_store.blobs.put(data) for data in (b"old", b"new"))
    for digest in (old, new):
        with sqlite_store.writing() as work:
            work.steps.finish(run.id, BEST, {"sha256": digest}, work.jobs.time())
    garbage = find_garbage(sqlite_store, timedelta(0)).blobs
    assert old in garbage
    assert new not in garbage


def test_a_training_that_is_asked_to_finish_is_done_with_the_best_so_far(
    sqlite_store: Store, searching: Project, at_first_best: Callable[[During], Recipes]
) -> None:
    start_training(sqlite_store, searching.id)
    (run,) = work_off(sqlite_store, at_first_best(finish_now))
    assert run.state == "done", run.error
    assert run.result is not None
    assert len(keys(sqlite_store, run)) == 1
    assert run.result["recipe"]["head"] == "logistic regression"
    assert {"state": "running", "finish": "asked"} in told(sqlite_store, run, "state")
    with pytest.raises(Conflict, match="only one under way"):
        finish_training(sqlite_store, run.id)


def test_what_has_no_model_yet_cannot_be_kept_or_ended(sqlite_store: Store, searching: Project, known: Recipes) -> None:
    run, other = start_training(sqlite_store, searching.id), ask(sqlite_store, "check")
    for call in (keep_best, finish_training):
        with pytest.raises(Conflict, match="has found no model yet"):
            call(sqlite_store, run.id)
        with pytest.raises(Conflict, match="only trainings look for a model"):
            call(sqlite_store, other.id)
    with pytest.raises(Conflict, match="only trainings"):
        leaderboard(sqlite_store, other.id)
    assert leaderboard(sqlite_store, run.id) == []


def test_the_best_of_a_run_that_failed_is_kept_until_it_is_cleaned_away(
    sqlite_store: Store, searching: Project, at_first_best: Callable[[During], Recipes]
) -> None:
    def fail(context: RunContext) -> None:
        raise RuntimeError("the machine burns")

    start_training(sqlite_store, searching.id)
    (run,) = work_off(sqlite_store, at_first_best(fail))
    assert run.state == "failed"
    version = keep_best(sqlite_store, run.id)
    with sqlite_store.writing() as work:
        work.models.remove_version(version.id)
    sqlite_store.blobs.remove([version.sha256])
    with pytest.raises(Conflict, match="was cleaned away"):
        keep_best(sqlite_store, run.id)


def _die_after(store_address: Any, cache: str, backbone: str, run_id: str, fence: int, candidates: int) -> None:
    """Carry the run out in this process, and be killed when so many candidates are written down."""
    add = Journal.add

    def add_and_die(self: Journal, *args: Any) -> Any:
        record = add(self, *args)
        if len(self) >= candidates:
            os.kill(os.getpid(), signal.SIGKILL)
        return record

    Journal.add = add_and_die  # type: ignore[assignment,method-assign]
    recipe = train_recipe(Path(cache), backbone=backbone)
    carry_out(Store.at(store_address), {"train": recipe}, run_id, fence)


def killed(store: Store, run: Run, cache: Path, backbone: Path, candidates: int) -> None:
    """The run is begun in a process that is killed after so many candidates, and waits again."""
    job = claim(store, lease=0.2)
    spawn = multiprocessing.get_context("spawn")
    words = (store.address, str(cache), str(backbone), run.id, job.fence, candidates)
    child = spawn.Process(target=_die_after, args=words)
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    with store.writing() as work:
        held = work.jobs.held(run.id, job.fence)
        assert held is not None
        transitions.give_up(work, held, "was killed", attempts=5)


def test_a_killed_search_goes_on_from_its_journal_with_its_board_and_its_best(
    sqlite_store: Store,
    searching: Project,
    after_candidates: Callable[[int], Recipes],
    cache: Path,
    tiny_backbone: Path,
) -> None:
    run = start_training(sqlite_store, searching.id)
    killed(sqlite_store, run, cache, tiny_backbone, 4)
    before = keys(sqlite_store, run)
    judged = {path: path.stat().st_mtime_ns for path in cache.rglob("*.judged")}
    best = keep_best(sqlite_store, run.id)
    assert len(judged) == 4
    assert 3 <= len(before) <= 4
    assert sqlite_store.blobs.has(best.sha256)

    killed(sqlite_store, run, cache, tiny_backbone, 6)
    (over,) = work_off(sqlite_store, after_candidates(8))
    assert over.state == "done", over.error
    assert over.result is not None
    tried = keys(sqlite_store, run)
    assert tried[: len(before)] == before
    assert len(tried) == len(set(tried)) > 6
    assert all(path.stat().st_mtime_ns == moment for path, moment in judged.items()), "judged a second time"
    with sqlite_store.reading() as work:
        last = work.models.version(over.result["model_version_id"])
    assert (last.number, last.lineage["run"]) == (2, {"id": run.id, "number": 1})
    assert over.result["metrics"] == last.metrics


def test_the_time_that_killed_processes_have_spent_is_spent(
    sqlite_store: Store, searching: Project, known: Recipes, cache: Path, tiny_backbone: Path
) -> None:
    run = start_training(sqlite_store, searching.id)
    killed(sqlite_store, run, cache, tiny_backbone, 3)
    with sqlite_store.writing() as work:
        work.jobs.get(run.id).spent = LONG
    (over,) = work_off(sqlite_store, known)
    assert over.state == "done", over.error
    assert len(keys(sqlite_store, run)) <= 4  # three, and a vote on them


def test_a_later_run_with_a_larger_budget_goes_on_where_the_first_ended(
    sqlite_store: Store, searching: Project, after_candidates: Callable[[int], Recipes], cache: Path
) -> None:
    start_training(sqlite_store, searching.id)
    (first,) = work_off(sqlite_store, after_candidates(2))
    judged = {path: path.stat().st_mtime_ns for path in cache.rglob("*.judged")}
    start_training(sqlite_store, searching.id, settings={"budget": 2 * LONG})
    (second,) = work_off(sqlite_store, after_candidates(4))
    assert second.state == "done", second.error
    before, after = keys(sqlite_store, first), keys(sqlite_store, second)
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert all(path.stat().st_mtime_ns == moment for path, moment in judged.items())


def test_a_training_says_how_much_time_is_left_and_what_it_aims_at(
    sqlite_store: Store, searching: Project, at_first_best: Callable[[During], Recipes]
) -> None:
    run = start_training(sqlite_store, searching.id, settings={"aim": "macro-F1", "budget": 30.0})
    work_off(sqlite_store, at_first_best(finish_now))
    lefts = [each.get("time_left") for each in told(sqlite_store, run, "progress")]
    assert all(0 <= left <= 30 for left in lefts if left is not None)
    assert any(left is not None and left > 20 for left in lefts)
    assert {each["aim"] for each in leaderboard(sqlite_store, run.id)} == {"macro-F1"}
    assert (found(sqlite_store, run).result or {})["recipe"]["aim"] == "macro-F1"
