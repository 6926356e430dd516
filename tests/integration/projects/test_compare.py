"""Two trainings side by side."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fenlei.projects.compare import compare
from fenlei.projects.dataset_runs import IMPORT
from fenlei.projects.projects import create_project
from fenlei.projects.training_run import start_training
from fenlei.runs import Recipes
from fenlei.store import Conflict, NotFound, Store
from tests.integration.projects.conftest import bring_in, bring_more, train


def test_two_runs_are_compared_by_settings_data_figures_and_classes(
    sqlite_store: Store, known: Recipes, photos: Path
) -> None:
    dataset = bring_in(sqlite_store, known, photos)
    project = create_project(sqlite_store, "p", "automated", dataset.id, {"goal": "fast"})
    one = train(sqlite_store, known, project.id)
    more = photos.parent / "more"
    shutil.copytree(photos / "dog", more / "wolf")
    for path in sorted((more / "wolf").iterdir())[6:]:
        path.unlink()
    bring_more(sqlite_store, known, dataset.id, more, label="wolf")
    two = train(sqlite_store, known, project.id, seed=5)

    seen = compare(sqlite_store, one.id, two.id)
    assert json.loads(json.dumps(seen)) == seen
    assert [run["number"] for run in seen["runs"]] == [1, 2]
    assert seen["runs"][1]["number_of_version"] == 2
    assert seen["settings"] == [{"name": "seed", "a": 0, "b": 5}]
    assert seen["data"]["same"] is False
    assert seen["data"]["counts"]["added"] == 6
    assert seen["data"]["labels_added"] == ["wolf"]
    assert (seen["data"]["a"]["number"], seen["data"]["b"]["number"]) == (1, 2)
    assert seen["same_test"] is False

    accuracy, macro, *_ = seen["figures"]
    assert accuracy["name"] == "accuracy"
    assert one.result is not None
    assert two.result is not None
    assert accuracy["a"] == one.result["metrics"]["accuracy"]
    assert accuracy["difference"] == pytest.approx(two.result["metrics"]["accuracy"] - accuracy["a"])
    assert accuracy["interval_b"] == two.result["metrics"]["accuracy_interval"]
    assert accuracy["intervals_overlap"] is True
    assert macro["name"] == "macro_f1"
    classes = {row["label"]: row for row in seen["classes"]}
    assert set(classes) == {"cat", "dog", "鸟", "wolf"}
    assert classes["wolf"]["a"] is None
    assert classes["wolf"]["difference"] is None
    assert classes["cat"]["difference"] == pytest.approx(classes["cat"]["b"]["f1"] - classes["cat"]["a"]["f1"])
    differences = [row["difference"] for row in seen["classes"] if row["difference"] is not None]
    assert differences == sorted(differences)
    assert {"name": "fitted_on", "a": 29, "b": 35} in seen["recipe"]


def test_runs_that_only_differ_in_their_settings_were_judged_by_the_same_pictures(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    one = train(sqlite_store, known, project.id)
    two = train(sqlite_store, known, project.id, policy="letterbox")
    seen = compare(sqlite_store, one.id, two.id)
    assert seen["data"]["same"] is True
    assert seen["data"]["counts"]["added"] == 0
    assert seen["same_test"] is True
    assert seen["settings"] == [{"name": "policy", "a": None, "b": "letterbox"}]
    assert {"name": "policy", "a": "squash", "b": "letterbox"} in seen["recipe"]


def test_a_run_that_is_not_over_has_no_figures_yet_and_other_runs_are_not_compared(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    one = train(sqlite_store, known, project.id)
    waiting = start_training(sqlite_store, project.id)
    seen = compare(sqlite_store, one.id, waiting.id)
    assert seen["runs"][1]["state"] == "queued"
    assert seen["figures"][0]["b"] is None
    assert seen["figures"][0]["intervals_overlap"] is None
    assert seen["same_test"] is True
    assert all(row["b"] is None for row in seen["classes"])
    bring_more(sqlite_store, known, dataset.id, drawn_classes / "dog", label="wolf")
    other = start_training(sqlite_store, project.id)
    assert compare(sqlite_store, one.id, other.id)["same_test"] is False
    with pytest.raises(NotFound):
        compare(sqlite_store, one.id, "rn_none")
    with sqlite_store.reading() as work:
        (brought,) = work.runs.page(None, 1, kinds=(IMPORT,))[0]
    with pytest.raises(Conflict, match="only trainings can be compared"):
        compare(sqlite_store, one.id, brought.id)
