"""Runs, projects, models and deployments, in every way they can be handled: in Python, and by commands."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import fenlei
from fenlei.cli import app
from fenlei.client.management import ChangedMeanwhile, Conflict, NotFound, NotPossible, Platform
from fenlei.client.management.records import Dataset, Project, Run
from fenlei.modelfile import pack, read
from tests.support.classifiers import LABELS, colour_network, declaration, picture
from tests.support.drawing import class_folders, jpeg
from tests.support.models import tiny_model
from tests.support.platform_process import PlatformProcess

Said = Callable[..., Any]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, backbone: Path) -> Iterator[PlatformProcess]:
    workspace = tmp_path_factory.mktemp("platform") / "workspace"
    with PlatformProcess(workspace, FENLEI_BACKBONE=str(backbone), FENLEI_ENGINE="onnxruntime") as running:
        yield running


@pytest.fixture(scope="module")
def token(platform: PlatformProcess) -> str:
    with Platform.by_link(platform.link) as entered:
        made = entered.tokens.make("management", "owner")
    assert made.secret
    return made.secret


@pytest.fixture(scope="module")
def here(platform: PlatformProcess, token: str) -> Iterator[Platform]:
    with Platform(platform.base, token) as entered:
        yield entered


@pytest.fixture(scope="module")
def said(platform: PlatformProcess, token: str) -> Said:
    """Runs a command: what it printed, read where that is JSON; `code` is how it must end."""
    runner = CliRunner(env={"FENLEI_SERVER": platform.base, "FENLEI_TOKEN": token, "COLUMNS": "200"})

    def run(*words: str | Path, code: int = 0) -> Any:
        result = runner.invoke(app, [*map(str, words)])
        assert result.exit_code == code, (result.output, result.exception)
        if code and result.exception is not None and not isinstance(result.exception, SystemExit):
            return str(result.exception)
        return json.loads(result.stdout) if "--json" in words else result.stdout

    return run


@pytest.fixture(scope="module")
def gestures(here: Platform, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A data set that can be trained on, and its version 1."""
    dataset = here.datasets.create("gestures")
    here.datasets.bring(dataset.id, class_folders(tmp_path_factory.mktemp("data") / "photos", {"ok": 8, "stop": 8}))
    here.datasets.make_version(dataset.id)
    for run in here.runs.list(kind="check"):  # what every import asks for behind it
        here.runs.wait(run.id)
    return dataset


@pytest.fixture(scope="module")
def project(here: Platform, gestures: Dataset) -> Project:
    return here.projects.create("door", gestures.id, goal="fast")


@pytest.fixture(scope="module")
def trained(here: Platform, project: Project) -> list[Run]:
    """Two trainings of one project, asked for together."""
    asked = [here.projects.train(project.id, seed=seed) for seed in (1, 2)]
    return [here.runs.wait(run.id) for run in asked]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that was made elsewhere."""
    path = tmp_path_factory.mktemp("models") / "cats.fenlei"
    path.write_bytes(pack(tiny_model()))
    return path


@pytest.fixture(scope="module")
def alien(here: Platform, file: Path) -> str:
    """The id of a model version that no project has made."""
    return here.models.upload(file, "alien").id


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """An ONNX classifier; its declaration lies beside it, and a picture of each colour."""
    path = tmp_path / "colours.onnx"
    path.write_bytes(colour_network())
    path.with_suffix(".json").write_text(json.dumps(declaration()))
    for colour in LABELS:
        (tmp_path / f"{colour}.png").write_bytes(picture(colour))
    return path


def test_projects_in_python(here: Platform, gestures: Dataset) -> None:
    made = here.projects.create("gate", gestures.id, note="north", goal="fast")
    changed = here.projects.change(made.id, note="south", settings={"goal": "accurate"}, revision=made.revision)
    assert (changed.note, changed.settings, changed.dataset_id) == ("south", {"goal": "accurate"}, gestures.id)
    with pytest.raises(ChangedMeanwhile):
        here.projects.rename(made.id, "fence", revision=made.revision)
    assert here.projects.change(made.id, dataset_id=None).dataset_id is None
    assert here.projects.change(made.id, dataset_id=gestures.id).dataset_id == gestures.id
    assert made.id in {each.id for each in here.projects.list(dataset_id=gestures.id)}
    copy = here.projects.clone(made.id, "fence")
    assert (copy.note, copy.settings, copy.dataset_id) == ("south", {"goal": "accurate"}, gestures.id)
    with pytest.raises(NotPossible) as refused:
        here.projects.change(made.id, settings={"goal": "best"})
    assert refused.value.field == "settings.goal"

    here.projects.archive(made.id)
    assert [each.name for each in here.projects.list(archived=True)] == ["gate"]
    with pytest.raises(Conflict, match="in the archive"):
        here.projects.train(made.id)
    here.projects.archive(made.id, archived=False)
    canvas = here.projects.create("drawn", gestures.id, kind="canvas")
    assert canvas.kind == "canvas"
    with pytest.raises(Conflict, match="is a canvas"):
        here.projects.train(canvas.id)
    for each in (made, copy, canvas):
        here.projects.delete(each.id)
    with pytest.raises(NotFound):
        here.projects.get(made.id)


def test_runs_in_python(here: Platform, project: Project, trained: list[Run], tmp_path: Path) -> None:
    first, second = trained
    assert [run.id for run in here.projects.runs(project.id)] == [second.id, first.id]
    # There is room for two runs, and for one training, so that an import need not wait for the other.
    assert first.finished_at is not None
    assert second.started_at is not None
    assert second.started_at >= first.finished_at
    assert first.id in {run.id for run in here.runs.list(project_id=project.id, kind="train", state="done")}
    compared = here.projects.compare(first.id, second.id)
    assert [(each.name, each.a, each.b) for each in compared.settings] == [("seed", 1, 2)]

    steps = {step.name: step.state for step in here.runs.steps(first.id)}
    assert steps["learn"] == "done"
    of_step = here.runs.log(first.id, tmp_path / "learn.log", step="learn").read_text().splitlines()
    assert of_step
    assert set(of_step) < set(here.runs.log(first.id, tmp_path / "all.log").read_text().splitlines())
    events = list(here.runs.events(first.id))
    assert {"state", "progress", "metric", "log", "result"} <= {event.kind for event in events}
    assert list(here.runs.events(first.id, events[5].id)) == events[6:]
    assert [worker.concurrency for worker in here.runs.workers()] == [2]

    again = here.runs.retry(first.id)
    assert (again.retry_of, again.settings) == (first.id, first.settings)
    here.runs.cancel(again.id, force=True)
    for _ in here.runs.events(again.id):
        pass
    assert here.runs.get(again.id).state in {"cancelled", "done"}  # it may have been faster
    hanging = here.projects.what_hangs_on(project.id)
    assert [model.name for model in hanging.models] == ["door"]
    with pytest.raises(Conflict, match="the model 'door'"):
        here.projects.delete(project.id)


def test_models_in_python(here: Platform, trained: list[Run], file: Path, foreign: Path, tmp_path: Path) -> None:
    model = here.models.create("brought", note="by mail")
    assert here.models.change(model.id, name="brought along").note == "by mail"
    version = here.models.upload(file, model_id=model.id, note="the first", tags=["mail"])
    assert (version.model_id, version.note, version.tags, version.origin) == (model.id, "the first", ["mail"], "upload")
    said = here.models.describe(version.id, stage="production", tags=[], revision=version.revision)
    assert (said.stage, said.tags, said.note) == ("production", [], "the first")
    with pytest.raises(ChangedMeanwhile):
        here.models.describe(version.id, stage="retired", revision=version.revision)
    assert here.models.download(version.id, tmp_path / "back.fenlei").read_bytes() == file.read_bytes()
    run = here.runs.wait(here.models.start_export(version.id).id)
    made = here.runs.file(run.id, tmp_path / "export.zip").read_bytes()
    assert made == here.models.export(version.id, tmp_path / "again.zip").read_bytes()

    learned = (trained[0].result or {})["model_version_id"]
    assert here.models.report(learned)["evaluation"]
    suspects = here.runs.suspects(trained[0].id)
    assert suspects.model_version_id == learned
    assert suspects.counts is not None
    assert suspects.counts.pictures >= len(suspects.suspects)
    assert here.models.save_report(learned, tmp_path / "report.html").read_text().startswith("<!")
    explained = here.models.explain(version.id, jpeg(80, 60), version.labels[0])
    assert (explained.label, explained.answer) == (
        version.labels[0],
        max(explained.scores, key=explained.scores.__getitem__),
    )
    assert base64.b64decode(explained.map).startswith(b"\x89PNG")

    samples = [(foreign.with_name(f"{colour}.png"), colour) for colour in LABELS]
    answers = here.models.check(foreign, declaration(), samples)
    assert [max(each, key=each.__getitem__) for each in answers] == LABELS
    with pytest.raises(NotPossible, match="calls a sample that is 'red' 'blue'"):
        here.models.upload(foreign, "colours", declaration=declaration(channels="BGR"), samples=samples)
    assert "colours" not in {each.name for each in here.models.list()}
    here.models.delete_version(version.id)
    assert list(here.models.versions(model.id)) == []
    here.models.delete(model.id)


def test_deployments_in_python(here: Platform, trained: list[Run], alien: str) -> None:
    first, second = ((run.result or {})["model_version_id"] for run in trained)
    published = here.deployments.publish(first, "python", envelope="gateway")
    id_ = published.deployment.id
    tried = here.deployments.try_out(id_)
    assert (tried.status, tried.answer["data"]["code"], tried.agrees) == (200, 10000, True)
    assert here.deployments.try_out(id_, b"no picture").answer["data"]["code"] == 10440
    assert here.deployments.try_out(id_, jpeg(80, 60)).agrees is None

    with pytest.raises(Conflict, match="of another project"):
        here.deployments.publish(alien, "python")
    moved = here.deployments.publish_to(id_, alien, revision=published.deployment.revision)
    assert (moved.deployment.model_version_id, moved.deployment.envelope, moved.key) == (alien, "gateway", None)
    here.deployments.publish_to(id_, second)
    assert here.deployments.roll_back(id_, first).model_version_id == first
    assert [each.action for each in here.deployments.history(id_)] == ["roll-back", *["publish"] * 3]
    model = here.models.version(first).model_id
    assert [each.name for each in here.deployments.list(model_id=model)] == ["python"]

    changed = here.deployments.change(id_, envelope="plain", status_style="rest")
    assert (changed.deployment.envelope, changed.deployment.status_style) == ("plain", "rest")
    with fenlei.Client(published.url) as caller:
        assert caller.predict(tried.picture).label in {"ok", "stop"}
    changed = here.deployments.change(id_, unknown_as="stop")
    assert changed.deployment.unknown_as == "stop"
    with pytest.raises(Conflict, match="no class 'go'"):
        here.deployments.change(id_, unknown_as="go")
    assert here.deployments.change(id_, unknown_as="").deployment.unknown_as is None

    made = here.deployments.make_key(id_, "till")
    assert [each.name for each in here.deployments.keys(id_)] == ["till", "first key"]
    here.deployments.revoke_key(made.id)
    assert [each.name for each in here.deployments.keys(id_)] == ["first key"]
    assert len(here.deployments.keys(id_, revoked=True)) == 2
    here.deployments.stop(id_)
    assert here.deployments.try_out(id_).answer["code"] == 1100
    assert here.deployments.start(id_).state == "running"
    here.deployments.delete(id_)
    with pytest.raises(NotFound):
        here.deployments.get(id_)


def test_a_project_is_told_by_command_and_in_python_all_that_a_training_here_is_told(
    said: Said, here: Platform, gestures: Dataset, tmp_path: Path
) -> None:
    plain = ("--test-fraction", "0.3", "--synthetic-parity", "--false-rejects", "0.2", "--no-fine-tune")
    said("projects", "create", "fence", "--dataset", "gestures", "--precision", "ok=60%", *plain)
    said("projects", "change", "fence", "--policy", "letterbox")
    project = said("projects", "show", "fence", "--json")["project"]
    told = {"test_fraction": 0.3, "drawn_parity": True, "false_rejects": 0.2, "fine_tune": False, "policy": "letterbox"}
    assert project["settings"] == {**told, "precision": {"ok": 0.6}, "cost": None}

    done = said("projects", "train", "fence", "--cost", "stop=1:9", "--json")
    asked = done["run"]["settings"]
    assert {name: asked[name] for name in told} == told
    assert (asked["cost"], asked["precision"]) == ({"stop": [1.0, 9.0]}, None)
    made = read(here.models.download(done["model_version"]["id"], tmp_path / "fence.fenlei"))
    assert made.manifest.decision is not None
    assert made.manifest.decision.method == "cost"
    assert made.manifest.recipe["policy"] == "letterbox"
    assert made.manifest.recipe["test_fraction"] == 0.3

    python = here.projects.train(project["id"], precision=0.5, false_rejects=0.1, fine_tune=True, priority=-1)
    asked = python.settings
    assert (asked["precision"], asked["cost"], asked["false_rejects"], asked["fine_tune"]) == (0.5, None, 0.1, True)
    since = said("projects", "train", "fence", "--since", "fence", "--no-wait", "--json")
    assert since["settings"]["since"] == done["model_version"]["id"]
    rebuilt = said("projects", "train", "fence", "--rebuild", done["model_version"]["id"], "--no-wait", "--json")
    assert rebuilt["settings"]["rebuild"] == done["model_version"]["id"]
    for run in (python.id, since["id"], rebuilt["id"]):
        here.runs.cancel(run, force=True)

    assert "not by both" in said("projects", "train", "fence", "--cost", "1:9", "--precision", "0.9", code=1)
    assert "no model 'gate post'" in said("projects", "train", "fence", "--since", "gate post", code=1)
    said("projects", "train", "fence", "--precision", "often", code=2)
    said("projects", "train", "fence", "--cost", "1:9", "--cost", "ok=1:2", code=2)


def test_projects_and_runs_by_commands(said: Said, gestures: Dataset, trained: list[Run], tmp_path: Path) -> None:
    made = said("projects", "create", "garden", "--kind", "canvas", "--note", "drawn", "--json")
    assert (made["kind"], made["note"]) == ("canvas", "drawn")
    said("projects", "delete", "garden")
    said("projects", "create", "yard", "--goal", "fast", "--time-limit", "10m")
    said("projects", "change", "yard", "--dataset", "gestures", "--note", "back", "--seed", "4")
    shown = said("projects", "show", "yard", "--json")["project"]
    assert shown["settings"] == {"goal": "fast", "time_limit": 600.0, "seed": 4}
    assert (shown["dataset_id"], shown["note"]) == (gestures.id, "back")
    said("projects", "rename", "yard", "lawn")
    assert said("projects", "clone", "lawn", "--json")["name"] == "lawn (2)"
    said("projects", "archive", "lawn (2)")
    assert "lawn (2)" in said("projects", "list", "--archived")
    assert "in the archive" in said("projects", "show", "lawn (2)")
    assert "in the archive" in said("projects", "train", "lawn (2)", code=1)
    said("projects", "archive", "lawn (2)", "--back")
    said("projects", "delete", "lawn (2)")

    run = said("projects", "train", "lawn", "--version", "1", "--priority", "3", "--no-wait", "--json")
    assert run["subject"]["dataset_version_id"].startswith("dv_")
    assert (run["settings"]["seed"], run["time_limit"]) == (4, 600)
    said("runs", "follow", run["id"])
    assert "has no version 7" in said("projects", "train", "lawn", "--version", "7", code=1)
    assert "learn" in said("runs", "steps", run["id"])
    said("runs", "log", run["id"], "--step", "learn", "-o", tmp_path / "learn.log")
    assert "[learn]" in (tmp_path / "learn.log").read_text()
    events = [json.loads(line) for line in said("runs", "events", run["id"]).splitlines()]
    assert events[-1]["data"] == {"state": "done"}
    rest = said("runs", "events", run["id"], "--after", str(events[-2]["id"]))
    assert [json.loads(line) for line in rest.splitlines()] == events[-1:]
    listed = said("runs", "list", "--project", "lawn", "--kind", "train", "--state", "done", "--json")
    assert [each["id"] for each in listed] == [run["id"]]
    assert said("runs", "workers", "--json")[0]["concurrency"] == 2

    first, second = (each.id for each in trained)
    assert said("projects", "compare", first, second, "--json")["settings"][0]["name"] == "seed"
    table = said("projects", "compare", first, second)
    assert "accuracy" in table
    assert "F1 of ok" in table
    again = said("runs", "retry", run["id"], "--json")
    assert again["retry_of"] == run["id"]
    said("runs", "cancel", again["id"], "--force")
    for _ in said("runs", "events", again["id"]).splitlines():
        pass
    assert "the model 'lawn' (1 version), which stay" in said("projects", "delete", "lawn", code=1)
    said("projects", "delete", "lawn", "--everything")
    said("models", "delete", "lawn", "--everything")


def test_models_by_commands(said: Said, trained: list[Run], file: Path, foreign: Path, tmp_path: Path) -> None:
    version = said("models", "upload", file, "--name", "mailed", "--note", "by mail", "--tag", "a", "--json")
    assert (version["note"], version["tags"]) == ("by mail", ["a"])
    said("models", "describe", "mailed", "--stage", "candidate", "--tag", "b", "--tag", "c")
    shown = said("models", "show", "mailed")
    for word in ("cat, dog, 鸟", "candidate", "b, c", "by mail"):
        assert word in shown
    said("models", "rename", "mailed", "posted")
    said("models", "delete", version["id"])
    assert said("models", "versions", "posted", "--json") == []
    said("models", "delete", "posted")

    learned = (trained[0].result or {})["model_version_id"]
    lineage = said("models", "show", learned)
    for word in ("gestures, version 1", "pipeline: automated", "seed: 1", f"Fenlei {fenlei.__version__}"):
        assert word in lineage
    suspects = said("runs", "suspects", trained[0].id, "--json")
    assert (suspects["model_version_id"], suspects["counts"]["looked_at"]) == (learned, suspects["counts"]["scored"])
    listed = said("runs", "suspects", trained[0].id, "--first", "3")
    assert ("because of" in listed) == bool(suspects["suspects"])
    said("models", "report", learned, "-o", tmp_path / "report.html")
    (tmp_path / "one.jpg").write_bytes(jpeg(80, 60))
    said("models", "explain", learned, tmp_path / "one.jpg", "-o", tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "report.html").read_text().startswith("<!")

    told = foreign.with_suffix(".json")
    red = f"red={foreign.with_name('red.png')}"
    rows = said("models", "check", foreign, "--declaration", told, "--sample", red, "--json")
    assert [row["label"] for row in rows] == ["red"]
    words = ("models", "upload", foreign, "--name", "tinted", "--declaration", told, "--sample")
    assert "no such file" in said(*words, "red=absent.png", code=1)
    taken = said(*words, red, "--json")
    assert (taken["origin"], taken["labels"]) == ("onnx", LABELS)
    said("models", "delete", "tinted", "--everything")


def test_deployments_by_commands(said: Said, trained: list[Run], alien: str) -> None:
    first = (trained[0].result or {})["model_version_id"]
    said("deployments", "publish", first, "typed")
    assert "scores are those it had when it was made" in said("deployments", "try", "typed")
    assert "10440" in said("deployments", "try", "typed", Path(__file__), code=1)
    page = said("deployments", "show", "typed", "--language", "go")
    for word in ("neu_app_key=", "4194304 bytes", "30 to 4096 pixels", "package main"):
        assert word in page
    assert "there are curl, python, java" in said("deployments", "show", "typed", "--language", "cobol", code=1)
    said("deployments", "change", "typed", "--open", "--status", "rest", "--unknown-as", "ok")
    assert "no thresholds" in said("deployments", "change", "typed", "--decide", code=1)
    shown = said("deployments", "show", "typed", "--json")
    assert (shown["complete"], shown["deployment"]["status_style"]) == (True, "rest")

    assert "of another project" in said("deployments", "publish", alien, "typed", code=1)
    assert "no class 'ok'" in said("deployments", "publish", alien, "typed", "--instead", code=1)
    said("deployments", "publish", alien, "typed", "--instead", "--unknown-as", "")
    assert said("deployments", "rollback", "typed", "--json")["model_version_id"] == first
    assert [row["action"] for row in said("deployments", "history", "typed", "--json")] == [
        "roll-back",
        "publish",
        "change",
        "publish",
    ]
    said("deployments", "delete", "typed")
