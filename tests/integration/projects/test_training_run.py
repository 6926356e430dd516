"""An automated project becomes a model: once, with its lineage, however often its process dies."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from fenlei import __version__
from fenlei.datasets.create import BadValue, create_dataset
from fenlei.datasets.versions import make_version
from fenlei.modelfile import read
from fenlei.projects.model_versions import report
from fenlei.projects.projects import change_project, create_project
from fenlei.projects.train_recipe import train_recipe
from fenlei.projects.trainable import NotTrainable
from fenlei.projects.training_run import start_training
from fenlei.runs import Recipe, Recipes, RunContext, cancel, carry_out, events_after, log_text, transitions
from fenlei.serving.host import ModelHost
from fenlei.store import Conflict, NotFound, Store, StoreError
from fenlei.store.tables import Dataset, Project
from fenlei.training.decide import Demand
from fenlei.training.finish import Trained
from fenlei.training.train import train as learn
from tests.integration.projects.conftest import CLASSES, bring_in, bring_more, train
from tests.support.runs import claim, work_off
from tests.support.until import until


def test_a_run_leaves_a_model_version_that_says_where_it_comes_from(
    store: Store, known: Recipes, project: Project, animals: Dataset, cache: Path, tmp_path: Path
) -> None:
    run = train(store, known, project.id)
    assert (run.number, run.progress, run.kind) == (1, 1.0, "train")
    assert run.result is not None
    with store.reading() as work:
        version = work.models.version(run.result["model_version_id"])
        model = work.models.get(version.model_id)
        data = work.versions.numbered(animals.id, 1)
    assert (model.name, model.project_id, version.number, version.origin) == ("which animal", project.id, 1, "run")
    assert version.labels == ["cat", "dog", "鸟"]
    assert version.metrics is not None
    assert version.metrics["accuracy"] == run.result["metrics"]["accuracy"] > 0.8
    assert (version.run_id, version.dataset_version_id) == (run.id, data.id)
    lineage = version.lineage
    assert lineage["dataset"] == {
        "id": animals.id,
        "name": "animals",
        "version_id": data.id,
        "version": 1,
        "digest": data.digest,
    }
    assert (lineage["seed"], lineage["fenlei"], lineage["run"]["id"]) == (3, __version__, run.id)
    assert (lineage["pipeline"], lineage["settings"]) == ("automated", run.settings)
    assert lineage["recipe"]["goal"] == "fast"
    assert all(each["en"] and each["zh"] for each in run.result["advice"])
    assert "fill-small-classes" in {each["rule"] for each in run.result["advice"]}

    path = tmp_path / "m.fenlei"
    store.blobs.save_to(version.sha256, path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == version.sha256
    assert path.stat().st_size == version.bytes
    assert read(path).manifest.labels == version.labels
    host = ModelHost(cache=cache)
    host.load(path)
    host.close()


def test_all_that_a_run_is_told_reaches_the_training(
    sqlite_store: Store, known: Recipes, drawn_classes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: dict[str, Any] = {}

    def listening(*given: Any, **told: Any) -> Trained:
        heard.update(told)
        return learn(*given, **told)

    monkeypatch.setattr("fenlei.training.train.train", listening)
    dataset = bring_in(sqlite_store, known, drawn_classes)
    plain = {"goal": "accurate", "policy": "crop", "seed": 5, "test_fraction": 0.3, "aim": "macro-F1"}
    project = create_project(sqlite_store, "told", "automated", dataset.id, {**plain, "fine_tune": False})
    train(sqlite_store, known, project.id, precision={"cat": 0.6}, false_rejects=0.2, drawn_parity=True)
    assert {name: heard[name] for name in plain} == plain
    assert (heard["fine_tune"], heard["false_rejects"], heard["synthetic_parity"]) == (False, 0.2, True)
    assert heard["demand"] == Demand(precision={"cat": 0.6})


def test_the_run_tells_how_far_it_is_and_what_it_found(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    run = train(sqlite_store, known, project.id)
    with sqlite_store.reading() as work:
        events = events_after(work, run.id, 0, 1000)
    told: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        told.setdefault(event.kind, []).append(event.data)
    fractions = [each["fraction"] for each in told["progress"]]
    assert fractions == sorted(fractions)
    assert [each["state"] for each in told["state"]] == ["queued", "running", "done"]
    assert {each["part"] for each in told["metric"]} == {"cross-validation", "test"}
    assert told["result"][0]["candidate"]["chosen"] is True
    log = "".join(log_text(sqlite_store, run.id))
    assert "reading pictures (29)" in log
    assert "right on" in log
    assert "nothing else saw" in log
    assert "learned anew, by the same recipe, from all 29 pictures" in log


def test_the_same_data_set_and_settings_give_the_same_model_and_the_same_version(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    one, two, three = (train(sqlite_store, known, project.id, seed=seed) for seed in (0, 0, 1))
    with sqlite_store.reading() as work:
        versions = [work.models.version(run.result["model_version_id"]) for run in (one, two, three) if run.result]
        assert [len(work.versions.page(dataset.id, None, 10)[0]), len(versions)] == [1, 3]
    assert versions[0].sha256 == versions[1].sha256 != versions[2].sha256
    assert [version.number for version in versions] == [1, 2, 3]
    assert len({version.model_id for version in versions}) == 1


def test_what_a_budget_found_is_made_again_and_gone_on_from(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    found = (train(sqlite_store, known, project.id, budget=2.0).result or {})["model_version_id"]
    again = train(sqlite_store, known, project.id, rebuild=found).result or {}
    since = train(sqlite_store, known, project.id, since=found, seed=9).result or {}
    with sqlite_store.reading() as work:
        first, second, third = (
            work.models.version(each) for each in (found, again["model_version_id"], since["model_version_id"])
        )
    assert first.sha256 == second.sha256 != third.sha256
    told = json.loads(report(sqlite_store, third.id, "json"))["since"]
    assert (told["new_pictures"], told["gone_pictures"]) == (0, 0)
    assert told["judged"] == json.loads(report(sqlite_store, third.id, "json"))["test_pictures"]
    for wrong in ({"rebuild": "this one"}, {"since": found, "rebuild": found}):
        with pytest.raises(BadValue, match="the id of a model version"):
            start_training(sqlite_store, project.id, settings=wrong)


def test_a_version_that_is_named_is_learned_from_though_the_data_set_went_on(
    sqlite_store: Store, known: Recipes, photos: Path
) -> None:
    dataset = bring_in(sqlite_store, known, photos)
    old = make_version(sqlite_store, dataset.id)
    shutil.copytree(photos / "dog", photos.parent / "more" / "wolf")
    bring_more(sqlite_store, known, dataset.id, photos.parent / "more", label="wolf")
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    run = train(sqlite_store, known, project.id, old.id)
    assert run.result is not None
    assert run.result["pictures"]["train"] + run.result["pictures"]["test"] == sum(CLASSES.values())

    elsewhere = create_dataset(sqlite_store, "other")
    strange = create_project(sqlite_store, "q", "automated", elsewhere.id)
    with pytest.raises(Conflict, match="of another data set"):
        start_training(sqlite_store, strange.id, old.id)
    with pytest.raises(NotFound):
        start_training(sqlite_store, project.id, "dv_none")


def test_a_model_is_named_after_its_project_and_keeps_the_name(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    first = create_project(sqlite_store, "p", "automated", dataset.id)
    assert train(sqlite_store, known, first.id).result["model"] == "p"  # type: ignore[index]
    change_project(sqlite_store, first.id, name="q")
    assert train(sqlite_store, known, first.id).result["model"] == "p"  # type: ignore[index]
    second = create_project(sqlite_store, "p", "automated", dataset.id)
    assert train(sqlite_store, known, second.id).result["model"] == "p (2)"  # type: ignore[index]


@pytest.mark.parametrize(
    ("keep", "why"),
    [
        ({}, "it holds no pictures"),
        ({"cat": 5}, "it has one class (cat)"),
        ({"cat": 5, "dog": 1}, "needs at least 2 pictures; dog has 1"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_before_anything_is_queued(
    sqlite_store: Store, known: Recipes, photos: Path, keep: dict[str, int], why: str
) -> None:
    for label in CLASSES:
        for path in sorted((photos / label).iterdir())[keep.get(label, 0) :]:
            path.unlink()
        if label not in keep:
            (photos / label).rmdir()
    dataset = create_dataset(sqlite_store, "few")
    if len(keep) == 1:
        bring_more(sqlite_store, known, dataset.id, photos / "cat", label="cat")
    elif keep:
        bring_more(sqlite_store, known, dataset.id, photos)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    with pytest.raises(NotTrainable) as refused:
        start_training(sqlite_store, project.id)
    assert why in str(refused.value)
    assert dataset.name in str(refused.value)
    with sqlite_store.reading() as work:
        assert not work.runs.page(None, 10, kinds=("train",))[0]
        assert not work.versions.page(dataset.id, None, 10)[0]


def test_a_class_that_only_judges_cannot_be_learned(sqlite_store: Store, known: Recipes, photos: Path) -> None:
    for part, labels in {"train": ("cat", "dog"), "test": ("cat", "dog", "鸟")}.items():
        for label in labels:
            shutil.copytree(photos / label, photos.parent / "parts" / part / label)
    shutil.copytree(photos / "鸟", photos.parent / "parts" / "train" / "鸟")
    for path in sorted((photos.parent / "parts" / "train" / "鸟").iterdir())[1:]:
        path.unlink()
    dataset = bring_in(sqlite_store, known, photos.parent / "parts")
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    with pytest.raises(NotTrainable, match="2 pictures outside the test part; 鸟 has 1"):
        start_training(sqlite_store, project.id)


def test_a_cancelled_training_stops_and_leaves_no_model(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    run = start_training(sqlite_store, project.id)

    def cancelled_soon(context: RunContext) -> dict[str, Any] | None:
        cancel(sqlite_store, context.run.id)
        return told_to_stop(known)(context)

    (over,) = work_off(sqlite_store, {"train": cancelled_soon})
    assert (over.id, over.state) == (run.id, "cancelled")
    with sqlite_store.reading() as work:
        assert not work.models.page(None, 10)[0]


def test_a_training_that_takes_too_long_fails_with_a_sentence(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    start_training(sqlite_store, project.id, settings={"time_limit": 0.01})
    (over,) = work_off(sqlite_store, {"train": told_to_stop(known)})
    assert over.state == "failed"
    assert over.error == "It took longer than its time limit of 0.01 seconds."


def told_to_stop(known: Recipes) -> Recipe:
    """Training that begins when it has been told to stop."""

    def wait(context: RunContext) -> dict[str, Any] | None:
        assert until(lambda: context.reason is not None, 10)
        return known["train"](context)

    return wait


def test_a_model_file_that_went_before_its_version_was_there_is_made_again(
    sqlite_store: Store, known: Recipes, drawn_classes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    start_training(sqlite_store, project.id)

    def gone(*args: Any) -> dict[str, Any]:
        monkeypatch.undo()
        sqlite_store.blobs.remove([args[1]["sha256"]])
        raise StoreError("the database went away")

    monkeypatch.setattr("fenlei.projects.train_recipe._keep", gone)
    first, second = work_off(sqlite_store, known)
    assert (first.state, second.state) == ("queued", "done")
    assert second.result is not None
    with sqlite_store.reading() as work:
        assert sqlite_store.blobs.has(work.models.version(second.result["model_version_id"]).sha256)


def test_a_picture_that_cannot_be_read_is_left_aside_and_named(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    version = make_version(sqlite_store, dataset.id)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    with sqlite_store.reading() as work:
        picture = next(iter(work.versions.snapshot(dataset.id).pictures))
    sqlite_store.blobs.remove([picture[1]])
    run = train(sqlite_store, known, project.id, version.id)
    assert run.result is not None
    assert run.result["pictures"]["skipped"] == 1
    assert f"left aside: {picture[0]}: " in "".join(log_text(sqlite_store, run.id))


def _die_in(store_address: Any, recipes_of: tuple[str, str], run_id: str, fence: int, where: str) -> None:
    """Carry the run out in this process, and be killed at a certain place."""
    store = Store.at(store_address)
    cache, backbone = recipes_of

    def killed(*args: Any, **kwargs: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    import fenlei.projects.train_recipe as recipe
    import fenlei.training.finish as finish

    keep = recipe._keep
    module, name = {
        "before the figures": (finish, "evaluate"),
        "before the model file": (recipe, "pack"),
        "before the version": (recipe, "_keep"),
        "after the version, before the commit": (recipe, "_keep"),
    }[where]
    setattr(module, name, (lambda *args: (keep(*args), killed())) if where.startswith("after") else killed)
    carry_out(store, {"train": train_recipe(Path(cache), backbone=backbone)}, run_id, fence)


@pytest.mark.parametrize("where", ["before the version", "after the version, before the commit"])
def test_a_training_that_is_killed_at_its_end_makes_one_version(
    store: Store, known: Recipes, project: Project, cache: Path, tiny_backbone: Path, where: str
) -> None:
    log = _killed_once(store, known, project, cache, tiny_backbone, where)
    assert log.count("pictures ran through a network") == 1


@pytest.mark.parametrize("where", ["before the figures", "before the model file"])
def test_a_training_that_is_killed_in_the_middle_computes_nothing_twice(
    sqlite_store: Store, known: Recipes, drawn_classes: Path, cache: Path, tiny_backbone: Path, where: str
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    log = _killed_once(sqlite_store, known, project, cache, tiny_backbone, where)
    assert "; 0 pictures ran through a network" in log


def _killed_once(store: Store, known: Recipes, project: Project, cache: Path, tiny_backbone: Path, where: str) -> str:
    """Train, be killed, go on; returns the log."""
    run = start_training(store, project.id)
    job = claim(store, lease=0.2)
    spawn = multiprocessing.get_context("spawn")
    child = spawn.Process(
        target=_die_in, args=(store.address, (str(cache), str(tiny_backbone)), run.id, job.fence, where)
    )
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    with store.reading() as work:
        assert not work.models.page(None, 10)[0]
    with store.writing() as work:
        held = work.jobs.held(run.id, job.fence)
        assert held is not None
        transitions.give_up(work, held, "was killed", attempts=5)

    (over,) = work_off(store, known)
    assert over.state == "done", over.error
    with store.reading() as work:
        (model,) = work.models.page(None, 10)[0]
        (version,) = work.models.versions(model.id, None, 10)[0]
    assert over.result is not None
    assert over.result["model_version_id"] == version.id
    assert store.blobs.has(version.sha256)
    return "".join(log_text(store, run.id))
