"""Imports as runs: whatever becomes of the run, the import can go on or is over, and people see which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fenlei.datasets.create import create_dataset, delete_dataset
from fenlei.datasets.imports import State, begin_import
from fenlei.projects.dataset_runs import IMPORT, retry_run, start_checks, start_import
from fenlei.projects.projects import archive_project, create_project, unarchive_project
from fenlei.projects.recipes import recipes
from fenlei.runs import Recipes, RunContext, cancel, carry_out, enqueue, transitions
from fenlei.runs.pulse import Pulse
from fenlei.store import Conflict, Store
from fenlei.store.tables import Import
from tests.support.runs import claim, found, work_off


def an_import(store: Store, folder: Path) -> Import:
    dataset = create_dataset(store, "animals")
    return begin_import(store, dataset.id, {"kind": "path", "path": str(folder)})


def state(store: Store, row: Import) -> str:
    with store.reading() as work:
        return work.imports.get(row.id).state


def test_an_import_whose_run_failed_before_it_began_can_be_asked_for_again(
    store: Store, known: Recipes, drawn_classes: Path
) -> None:
    def fails(context: RunContext) -> dict[str, Any]:
        raise Conflict("Its process died again and again.")

    row = an_import(store, drawn_classes)
    run = start_import(store, row.id)
    work_off(store, {**known, IMPORT: fails})
    assert (found(store, run).state, state(store, row)) == ("failed", State.FAILED)
    again = retry_run(store, run.id)
    work_off(store, known)
    assert again.retry_of == run.id
    assert (found(store, again).state, state(store, row)) == ("done", State.DONE)
    with pytest.raises(Conflict, match="is done"):
        retry_run(store, run.id)


def test_cancelling_the_run_of_a_waiting_import_cancels_both(store: Store, known: Recipes, drawn_classes: Path) -> None:
    row = an_import(store, drawn_classes)
    run = start_import(store, row.id)
    assert cancel(store, run.id).state == "cancelled"
    assert state(store, row) == State.CANCELLED
    retry_run(store, run.id)
    work_off(store, known)
    assert state(store, row) == State.DONE


def test_an_import_that_nobody_looked_at_before_says_its_format(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    row = an_import(sqlite_store, drawn_classes)
    start_import(sqlite_store, row.id)
    work_off(sqlite_store, known)
    with sqlite_store.reading() as work:
        assert work.imports.get(row.id).format == "class-folders"


def test_where_pictures_cannot_be_compared_an_import_says_so_and_a_person_is_told(
    sqlite_store: Store, tmp_path: Path, drawn_classes: Path
) -> None:
    nowhere = recipes(uploads=tmp_path / "uploads", cache=tmp_path / "cache", backbone=str(tmp_path / "nothing.onnx"))
    row = an_import(sqlite_store, drawn_classes)
    start_import(sqlite_store, row.id)
    _, checked, compared = work_off(sqlite_store, nowhere)
    assert (checked.state, compared.state) == ("done", "done")
    assert "nothing.onnx" in (compared.result or {})["skipped"]["near-duplicates"]
    start_checks(sqlite_store, row.dataset_id, ["near-duplicates"])
    (asked,) = work_off(sqlite_store, nowhere)
    assert asked.state == "failed"
    assert "nothing.onnx" in str(asked.error)


def test_checks_keep_nobody_from_deleting_what_they_look_at(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    dataset = create_dataset(sqlite_store, "short-lived")
    start_checks(sqlite_store, dataset.id, ["blank"])
    assert delete_dataset(sqlite_store, dataset.id).runs
    (run,) = work_off(sqlite_store, known)
    assert (run.state, run.error) == ("done", None)
    assert (run.result or {})["skipped"] == {"blank": f"There is no data set {dataset.id}."}


def test_too_many_pictures_are_compared_when_somebody_asks(
    sqlite_store: Store, known: Recipes, drawn_classes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fenlei.projects.recipes.MOST_COMPARED", 28)
    start_import(sqlite_store, an_import(sqlite_store, drawn_classes).id)
    assert [run.kind for run in work_off(sqlite_store, known)] == ["import", "check"]


def test_a_run_of_a_project_in_the_archive_is_not_repeated(store: Store) -> None:
    project = create_project(store, "p", "automated")
    with store.writing() as work:
        run = enqueue(work, kind="train", subject={}, settings={}, project_id=project.id)
    cancel(store, run.id)
    archive_project(store, project.id)
    with pytest.raises(Conflict, match="in the archive; take it out"):
        retry_run(store, run.id)
    unarchive_project(store, project.id)
    assert retry_run(store, run.id).retry_of == run.id


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_an_import_whose_process_was_killed_is_over_with_its_run_and_can_be_begun_again(
    store: Store, known: Recipes, drawn_classes: Path, how: str
) -> None:
    row = an_import(store, drawn_classes)
    run = start_import(store, row.id)
    claim(store)
    with store.writing() as work:  # it had begun, and had no occasion to say more
        before = work.imports.change(row.id, state=State.IMPORTING).revision
    if how == "cancelled":
        cancel(store, run.id, forced=True)
    with store.writing() as work:
        transitions.give_up(work, work.jobs.lock(run.id), "was killed", attempts=1)
    with store.reading() as work:
        seen = work.imports.get(row.id)
    assert (seen.state, seen.revision) == (how, before + 1)
    assert seen.error == found(store, run).error
    start_import(store, row.id)
    work_off(store, known)
    assert state(store, row) == State.DONE


def test_an_import_whose_worker_leaves_is_not_called_off(store: Store, known: Recipes, drawn_classes: Path) -> None:
    """Otherwise it could be asked for a second time while its run waits for another worker."""
    row = an_import(store, drawn_classes)
    run = start_import(store, row.id)
    job = claim(store)
    carry_out(store, known, run.id, job.fence, began=Pulse.drain)
    assert (found(store, run).state, state(store, row)) == ("queued", State.IMPORTING)
    with pytest.raises(Conflict, match="is importing"):
        start_import(store, row.id)
    work_off(store, known)
    assert (found(store, run).state, state(store, row)) == ("done", State.DONE)
