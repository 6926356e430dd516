"""From an empty platform to a prediction, three times: over HTTP alone, by commands alone, in Python alone."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import fenlei as fenlei_package
from fenlei.client.management import NotSignedIn, RunEnded
from fenlei.training.progress import Stage
from tests.support.cli import fenlei
from tests.support.drawing import class_folders
from tests.support.platform_process import PlatformProcess
from tests.support.until import until

CLASSES = {"apple": 14, "梨": 14}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    with PlatformProcess(tmp_path_factory.mktemp("platform") / "workspace") as running:
        yield running


@pytest.fixture(scope="module")
def token(platform: PlatformProcess) -> str:
    with fenlei_package.Platform.by_link(platform.link) as entered:
        made = entered.tokens.make("journeys", "owner")
    assert made.secret
    return made.secret


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = class_folders(tmp_path_factory.mktemp("data") / "photos", CLASSES)
    (root / "apple" / "notes.txt").write_text("not a picture")
    return root


@pytest.fixture(scope="module")
def photos_zip(photos: Path) -> Path:
    packed = photos.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(photos.rglob("*.*")):
            archive.write(path, path.relative_to(photos))
    return packed


def a_pear(photos: Path) -> Path:
    return sorted((photos / "梨").iterdir())[0]


def test_over_http_alone(platform: PlatformProcess, token: str, photos: Path, photos_zip: Path) -> None:
    head = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{platform.base}/api/v1", headers=head, timeout=60, trust_env=False) as http:

        def asked(method: str, path: str, **options: Any) -> Any:
            answer = http.request(method, path, **options)
            assert answer.is_success, answer.text
            return answer.json()

        def done(run: dict[str, Any]) -> dict[str, Any]:
            def over() -> dict[str, Any] | None:
                now: dict[str, Any] = asked("GET", f"/runs/{run['id']}")
                return now if now["state"] in {"done", "failed", "cancelled"} else None

            ended = until(over, 120, f"{run['kind']} is over")
            assert ended is not None
            assert ended["state"] == "done", ended
            return ended

        dataset = asked("POST", "/datasets", json={"name": "by HTTP"})
        begun = asked("POST", f"/datasets/{dataset['id']}/imports", json={"source": {"kind": "upload"}})
        data = photos_zip.read_bytes()
        upload = asked("POST", f"/imports/{begun['id']}/uploads", json={"name": "photos.zip", "size": len(data)})
        half = len(data) // 2
        for offset, piece in ((0, data[:half]), (half, data[half:])):
            asked("PUT", f"/uploads/{upload['id']}", params={"offset": offset}, content=piece)
        seen = asked("POST", f"/imports/{begun['id']}/preview")
        assert seen["format"] == "class-folders"
        done(asked("POST", f"/imports/{begun['id']}/commit"))
        counts = asked("GET", f"/imports/{begun['id']}")["counts"]
        assert (counts["added"], counts["skipped"]) == (28, 1)

        project = asked("POST", "/projects", json={"name": "by HTTP", "dataset_id": dataset["id"]})
        run = done(asked("POST", f"/projects/{project['id']}/runs", json={"settings": {"goal": "fast"}}))
        version = asked("GET", f"/model-versions/{run['result']['model_version_id']}")
        assert version["labels"] == ["apple", "梨"]
        assert 0 <= version["metrics"]["accuracy"] <= 1

        published = asked("POST", "/deployments", json={"name": "by-http", "model_version_id": version["id"]})
    picture = base64.b64encode(a_pear(photos).read_bytes()).decode()
    answer = httpx.post(
        published["url"],
        content=json.dumps({"base64": picture}),
        headers={"content-type": "application/json;charset=UTF-8"},
        trust_env=False,
    ).json()
    assert answer["code"] == 10000
    assert answer["predictResult"]["prediction"] == "梨"


def test_by_commands_alone(platform: PlatformProcess, token: str, photos: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"

    def said(*words: str | Path) -> Any:
        result = fenlei(*words, workspace=home)
        assert result.code == 0, result.err
        return json.loads(result.out) if "--json" in words else result.out

    assert fenlei("datasets", "list", "--server", platform.base, workspace=home).code == 1
    said("login", platform.base, "--token", token)
    assert (home / "login.json").stat().st_mode & 0o077 == 0
    brought = said("datasets", "import", "by CLI", photos)
    assert "28 pictures added" in brought
    assert "notes.txt" in brought
    said("projects", "create", "by CLI", "--dataset", "by CLI", "--goal", "fast")
    trained = said("projects", "train", "by CLI", "--json")
    version = trained["model_version"]["id"]
    url = said("deployments", "publish", version, "by-cli").strip()
    assert "by-cli" in said("deployments", "list")
    predicted = said("predict", url, a_pear(photos), "--json")
    assert "梨" in json.dumps(predicted, ensure_ascii=False)
    said("models", "download", "by CLI", "-o", tmp_path / "mine.fenlei")
    assert "梨" in said("predict", tmp_path / "mine.fenlei", a_pear(photos))
    said("deployments", "stop", "by-cli")
    assert fenlei("predict", url, a_pear(photos), workspace=home).code == 1
    said("logout", platform.base)
    assert fenlei("datasets", "list", "--server", platform.base, workspace=home).code == 1


def test_in_python_alone(platform: PlatformProcess, token: str, photos: Path, tmp_path: Path) -> None:
    with fenlei_package.Platform(platform.base, token) as here:
        heard: set[str] = set()
        dataset = here.datasets.create("in Python")
        brought = here.datasets.bring(dataset.id, photos, progress=lambda stage, part: heard.add(stage))
        assert (brought.counts["added"], brought.counts["skipped"]) == (28, 1)
        assert "sending" in heard
        assert [entry.name for entry in here.datasets.entries(brought.id) if entry.outcome == "skipped"]
        again = here.datasets.bring(dataset.id, photos)
        assert (again.counts["added"], again.counts["existing"]) == (0, 28)

        labels = {label.name: label.id for label in here.datasets.labels(dataset.id)}
        assert list(labels) == ["apple", "梨"]
        first = next(here.datasets.pictures(dataset.id, label=labels["apple"]))
        assert here.datasets.label(dataset.id, [first.id], labels["梨"]).pictures == 1
        assert here.datasets.counts(dataset.id).labels == {labels["apple"]: 13, labels["梨"]: 15}
        here.datasets.undo(dataset.id)

        copied = photos.parent / "copied"
        copied.mkdir(exist_ok=True)
        (copied / "梨").mkdir(exist_ok=True)
        (copied / "梨" / "copy.png").write_bytes(sorted((photos / "apple").glob("*.png"))[0].read_bytes())
        here.datasets.bring(dataset.id, copied, format="class-folders")
        told = {each.check: each for each in here.datasets.check(dataset.id)}
        assert (told["exact-duplicates"].found, told["two-labels"].found, told["blank"].found) == (2, 2, 0)
        assert len(list(here.datasets.findings(dataset.id, "two-labels"))) == 2
        assert here.datasets.fix(dataset.id, "two-labels").pictures == 2
        assert here.datasets.counts(dataset.id).unlabelled == 2
        here.datasets.undo(dataset.id)
        assert here.datasets.counts(dataset.id).unlabelled == 0

        project = here.projects.create("in Python", dataset.id, goal="fast")
        heard.clear()
        run = here.runs.wait(here.projects.train(project.id).id, on_progress=lambda stage, part: heard.add(stage))
        assert heard & {stage.value for stage in Stage}  # which of them depends on when one looks
        version = here.models.version((run.result or {})["model_version_id"])
        assert version.lineage
        published = here.deployments.publish(version.id, "in-python")
        assert published.key
        with fenlei_package.Client(published.url) as caller:
            assert caller.predict(a_pear(photos)).label == "梨"
        page = here.deployments.detail(published.deployment.id)
        assert not page.complete
        assert {sample.language for sample in page.samples} >= {"curl", "python", "java", "javascript", "go", "php"}
        assert here.deployments.stop(published.deployment.id).state == "stopped"
        here.deployments.start(published.deployment.id)
        saved = here.models.export(version.id, tmp_path / "export.zip")
        assert zipfile.is_zipfile(saved)

        failed = here.projects.train(project.id, backbone="hf:nobody/nothing", time_limit=60)
        with pytest.raises(RunEnded) as ended:
            here.runs.wait(failed.id)
        assert ended.value.run.error
    with fenlei_package.Platform(platform.base, "ft_wrong") as stranger, pytest.raises(NotSignedIn):
        stranger.people.me()
