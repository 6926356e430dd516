"""Projects are made, renamed, cloned, archived and deleted; what hangs on them is named first."""

from __future__ import annotations

from typing import Any

import pytest

from fenlei.datasets.create import BadValue, create_dataset
from fenlei.projects.projects import (
    ProjectInUse,
    archive_project,
    change_project,
    clone_project,
    create_project,
    delete_project,
    unarchive_project,
    what_hangs_on,
)
from fenlei.projects.training_run import start_training
from fenlei.runs import cancel, enqueue
from fenlei.store import Conflict, NotFound, Stale, Store, new_id, now
from fenlei.store.tables import Deployment
from tests.support.versions import add_version

KINDS = ["automated", "canvas"]


def deploy(store: Store, version_id: str, project_id: str | None = None) -> None:
    at = now()
    with store.writing() as work:
        work.deployments.add(
            Deployment(
                id=new_id("dp"),
                name="live",
                project_id=project_id,
                model_version_id=version_id,
                state="running",
                envelope="none",
                status_style="document",
                created_at=at,
                updated_at=at,
            )
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_project_of_either_kind_is_made_renamed_cloned_archived_and_deleted(store: Store, kind: str) -> None:
    dataset = create_dataset(store, "flowers")
    made = create_project(store, "  tulips ", kind, dataset.id, by="us_1", note="spring")
    assert (made.name, made.kind, made.dataset_id, made.revision, made.created_by) == (
        "tulips",
        kind,
        dataset.id,
        1,
        "us_1",
    )
    renamed = change_project(store, made.id, name="roses", revision=1)
    assert (renamed.name, renamed.revision, renamed.note) == ("roses", 2, "spring")
    copy = clone_project(store, made.id, by="us_2")
    assert (copy.name, copy.kind, copy.dataset_id, copy.created_by) == ("roses (2)", kind, dataset.id, "us_2")
    assert clone_project(store, made.id).name == "roses (3)"
    assert clone_project(store, made.id, "lilies").name == "lilies"

    assert archive_project(store, made.id).archived_at is not None
    with store.reading() as work:
        assert [each.name for each in work.projects.page(None, 10)[0]] == ["roses (2)", "roses (3)", "lilies"]
        assert [each.name for each in work.projects.page(None, 10, archived=True)[0]] == ["roses"]
        first, after = work.projects.page(None, 3, archived=None)
        assert after == first[-1].id
        assert [each.name for each in work.projects.page(after, 3, archived=None)[0]] == ["lilies"]
    assert unarchive_project(store, made.id).archived_at is None

    assert delete_project(store, made.id).nothing
    with pytest.raises(NotFound, match=made.id), store.reading() as work:
        work.projects.get(made.id)


def test_two_projects_have_two_names_and_a_change_is_not_made_twice(store: Store) -> None:
    one = create_project(store, "one", "canvas")
    other = create_project(store, "other", "automated")
    with pytest.raises(Conflict, match="already a project 'one'"):
        create_project(store, "one", "canvas")
    with pytest.raises(Conflict, match="already a project 'one'"):
        change_project(store, other.id, name="one")
    with pytest.raises(Conflict, match="already a project 'one'"):
        clone_project(store, other.id, "one")
    change_project(store, one.id, name="first", revision=1)
    with pytest.raises(Stale, match="revision 2, not 1"):
        change_project(store, one.id, name="again", revision=1)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"goal": "best"}, "goal"),
        ({"budget": 0}, "budget"),
        ({"budget": float("nan")}, "budget"),
        ({"seed": -1}, "seed"),
        ({"seed": "1"}, "seed"),
        ({"test_fraction": 0.9}, "test_fraction"),
        ({"backbone": "/etc/passwd.onnx"}, "backbone"),
        ({"size": 4096}, "size"),
        ({"time_limit": -5}, "time_limit"),
        ({"epochs": 3}, "epochs"),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_what_is_allowed(
    sqlite_store: Store, settings: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadValue) as bad:
        create_project(sqlite_store, "one", "automated", settings=settings)
    assert bad.value.field == field
    assert bad.value.allowed
    project = create_project(sqlite_store, "one", "automated")
    with pytest.raises(BadValue):
        change_project(sqlite_store, project.id, settings=settings)


def test_what_cannot_be_a_project_is_refused(sqlite_store: Store) -> None:
    for name in ("", "  ", "a\nb", "x" * 201):
        with pytest.raises(BadValue):
            create_project(sqlite_store, name, "automated")
    with pytest.raises(BadValue, match="no project of the kind 'magic'"):
        create_project(sqlite_store, "one", "magic")
    with pytest.raises(NotFound, match="There is no data set ds_none"):
        create_project(sqlite_store, "one", "automated", "ds_none")
    project = create_project(sqlite_store, "one", "automated")
    with pytest.raises(NotFound, match="There is no data set ds_none"):
        change_project(sqlite_store, project.id, dataset_id="ds_none")


def test_the_data_set_of_a_project_is_chosen_and_taken_away(store: Store) -> None:
    dataset = create_dataset(store, "flowers")
    project = create_project(store, "tulips", "automated")
    assert change_project(store, project.id, dataset_id=dataset.id).dataset_id == dataset.id
    assert change_project(store, project.id, note="x").dataset_id == dataset.id
    assert change_project(store, project.id, dataset_id=None).dataset_id is None


def test_a_project_goes_when_its_owner_has_seen_what_hangs_on_it(store: Store) -> None:
    project = create_project(store, "tulips", "automated")
    with store.writing() as work:
        run = enqueue(work, kind="train", subject={}, settings={}, project_id=project.id)
    version = add_version(store, "tulips", project_id=project.id)
    deploy(store, version.id)

    for and_all in (False, True):
        with pytest.raises(ProjectInUse, match=r"worked on by run 1\. Cancel that first"):
            delete_project(store, project.id, and_all=and_all)
    with pytest.raises(ProjectInUse, match="Cancel that first"):
        archive_project(store, project.id)
    cancel(store, run.id)

    with pytest.raises(ProjectInUse) as refused:
        delete_project(store, project.id)
    said = str(refused.value)
    assert "1 run, which would go with it" in said
    assert "the model 'tulips' (1 version), which stay" in said
    assert "the deployment 'live', which stay" in said
    assert refused.value.hanging == what_hangs_on(store, project.id)

    gone = delete_project(store, project.id, and_all=True)
    assert (gone.runs, len(gone.models), len(gone.deployments)) == (1, 1, 1)
    with store.reading() as work:
        assert work.models.version(version.id).number == 1
        assert work.models.get(version.model_id).project_id is None
        assert [each.name for each in work.deployments.page(None, 10)[0]] == ["live"]
        with pytest.raises(NotFound):
            work.runs.get(run.id)


def test_a_canvas_says_that_it_cannot_be_run_yet(sqlite_store: Store) -> None:
    dataset = create_dataset(sqlite_store, "flowers")
    canvas = create_project(sqlite_store, "graph", "canvas", dataset.id, {"nodes": [1, 2]})
    with pytest.raises(Conflict, match="is a canvas: it runs its graph"):
        start_training(sqlite_store, canvas.id)


def test_a_project_in_the_archive_or_without_a_data_set_is_not_run(sqlite_store: Store) -> None:
    project = create_project(sqlite_store, "tulips", "automated")
    with pytest.raises(Conflict, match="has no data set; choose one first"):
        start_training(sqlite_store, project.id)
    archive_project(sqlite_store, project.id)
    with pytest.raises(Conflict, match="in the archive"):
        start_training(sqlite_store, project.id)
