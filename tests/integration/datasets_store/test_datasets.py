"""Data sets are made, renamed and deleted, and nobody loses anything that was not named first."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenlei.datasets.create import (
    BadValue,
    InUse,
    change_dataset,
    create_dataset,
    delete_dataset,
    what_hangs_on,
)
from fenlei.datasets.versions import make_version
from fenlei.store import Conflict, NotFound, Stale, Store, new_id, now
from fenlei.store.tables import Project, Run
from tests.integration.datasets_store.importing import drawn, imported, lay


def project_on(store: Store, dataset_id: str, name: str = "sort cats") -> Project:
    at = now()
    row = Project(
        id=new_id("pr"),
        name=name,
        kind="automated",
        dataset_id=dataset_id,
        settings={},
        created_at=at,
        updated_at=at,
    )
    with store.writing() as work:
        work.session.add(row)
    return row


def test_a_data_set_is_made_renamed_and_listed(store: Store) -> None:
    made = create_dataset(store, "  Cafe\u0301 ", "from the bar", "us_1")
    assert (made.name, made.note, made.revision, made.created_by) == ("Café", "from the bar", 1, "us_1")
    renamed = change_dataset(store, made.id, name="bar", revision=1)
    assert (renamed.name, renamed.note, renamed.revision) == ("bar", "from the bar", 2)
    with store.reading() as work:
        assert work.datasets.named("bar") is not None
        assert work.datasets.sizes([made.id]) == {made.id: 0}


def test_names_are_taken_once(store: Store) -> None:
    first = create_dataset(store, "cats")
    with pytest.raises(Conflict, match="already a data set 'cats'"):
        create_dataset(store, " cats ")
    other = create_dataset(store, "dogs")
    with pytest.raises(Conflict, match="already a data set 'cats'"):
        change_dataset(store, other.id, name="cats")
    assert change_dataset(store, first.id, name="cats").revision == 2, "its own name is free to it"


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\nb", "a\0b", "\ud800"])
def test_a_name_that_cannot_be_is_refused_with_its_field(sqlite_store: Store, name: str) -> None:
    with pytest.raises(BadValue) as refused:
        create_dataset(sqlite_store, name)
    assert refused.value.field == "name"


def test_whoever_saw_an_older_state_changes_nothing(store: Store) -> None:
    made = create_dataset(store, "cats")
    change_dataset(store, made.id, note="mine")
    with pytest.raises(Stale, match="revision 2, not 1"):
        change_dataset(store, made.id, note="theirs", revision=1)
    with pytest.raises(Stale):
        delete_dataset(store, made.id, revision=1)
    with store.reading() as work:
        assert work.datasets.get(made.id).note == "mine"


def test_pages_go_from_the_oldest_to_the_last_and_end(store: Store) -> None:
    made = [create_dataset(store, f"set {number}").id for number in range(5)]
    seen, after = [], None
    while True:
        with store.reading() as work:
            rows, after = work.datasets.page(after, 2)
        seen += [row.id for row in rows]
        if after is None:
            break
    assert sorted(seen) == sorted(made)
    assert len(seen) == 5


def test_what_hangs_on_it_is_named_and_nothing_goes_before_that(store: Store, tmp_path: Path) -> None:
    dataset_id, _ = imported(store, lay(tmp_path / "in", drawn("cat/1.png", "dog/1.png")))
    version = make_version(store, dataset_id)
    project = project_on(store, dataset_id)
    hanging = what_hangs_on(store, dataset_id)
    assert hanging.pictures == 2
    assert hanging.versions == ((version.id, 1),)
    assert hanging.projects == ((project.id, "sort cats"),)
    with pytest.raises(InUse, match="1 version and the projects 'sort cats'") as refused:
        delete_dataset(store, dataset_id)
    assert refused.value.hanging == hanging
    assert delete_dataset(store, dataset_id, and_all=True) == hanging
    with store.reading() as work:
        with pytest.raises(NotFound):
            work.datasets.get(dataset_id)
        with pytest.raises(NotFound):
            work.versions.get(version.id)
        left = work.session.get(Project, project.id)
        assert left is not None, "a project stays with its models and its history"
        assert left.dataset_id is None


def test_an_empty_data_set_goes_at_once_and_its_name_is_free(store: Store) -> None:
    made = create_dataset(store, "cats")
    delete_dataset(store, made.id)
    assert create_dataset(store, "cats").id != made.id
    with pytest.raises(NotFound, match=made.id):
        delete_dataset(store, made.id)


def test_what_a_run_works_on_stays_whatever_is_said(store: Store) -> None:
    made = create_dataset(store, "cats")
    run = Run(
        id=new_id("rn"),
        number=1,
        kind="train",
        state="running",
        subject={"dataset_id": made.id},
        settings={},
        created_at=now(),
    )
    with store.writing() as work:
        work.session.add(run)
    with pytest.raises(InUse, match=run.id):
        delete_dataset(store, made.id, and_all=True)
