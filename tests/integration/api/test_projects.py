"""Projects and models over HTTP: from pictures to a model version, its file, its report, its export."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from fenlei.api import Platform
from fenlei.api.routes import model_files
from fenlei.modelfile.file import pack
from tests.integration.api.conftest import Finish
from tests.support.classifiers import colour_network, declaration
from tests.support.drawing import class_folders, png
from tests.support.models import tiny_model
from tests.support.versions import add_version

API = "/api/v1"


def make(client: TestClient, name: str = "Doors", **more: Any) -> dict[str, Any]:
    answer = client.post(f"{API}/projects", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def bring_in(client: TestClient, folder: Path, finish: Finish) -> str:
    """The id of a data set of the pictures of a folder."""
    dataset = client.post(f"{API}/datasets", json={"name": "Pictures"}).json()["id"]
    source = {"source": {"kind": "path", "path": str(folder)}}
    begun = client.post(f"{API}/datasets/{dataset}/imports", json=source).json()
    assert finish(client.post(f"{API}/imports/{begun['id']}/commit").json()["id"]).state == "done"
    return str(dataset)


@pytest.fixture
def pictures(client: TestClient, platform: Platform, finish: Finish) -> str:
    """The id of a data set that can be trained on."""
    return bring_in(client, class_folders(platform.import_roots[0] / "pictures", {"cat": 8, "dog": 8}, size=48), finish)


def test_a_project_is_made_changed_cloned_put_away_and_deleted(client: TestClient, animals: str) -> None:
    made = client.post(f"{API}/projects", json={"name": "Doors", "settings": {"goal": "fast"}})
    path = f"{API}/projects/{made.json()['id']}"
    assert made.json()["settings"] == {"goal": "fast"}
    match = {"if-match": made.headers["etag"]}
    changed = client.patch(path, json={"dataset_id": animals, "name": "Gates"}, headers=match)
    assert (changed.json()["dataset_id"], changed.json()["name"]) == (animals, "Gates")
    assert client.patch(path, json={"name": "X"}, headers=match).status_code == 412
    assert client.patch(path, json={"dataset_id": None}).json()["dataset_id"] is None
    assert client.post(f"{path}/clone", json={}).json()["name"] == "Gates (2)"
    assert client.patch(path, json={"archived": True, "name": "X"}).status_code == 400
    assert client.patch(path, json={"archived": True}).json()["archived_at"]
    assert [each["name"] for each in client.get(f"{API}/projects").json()["items"]] == ["Gates (2)"]
    assert [each["name"] for each in client.get(f"{API}/projects?archived=true").json()["items"]] == ["Gates"]
    assert client.get(f"{path}/hanging").json()["runs"] == 0
    assert client.delete(path).status_code == 200
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"goal": "best"}, "settings.goal"), ({"budget": 0}, "settings.budget"), ({"colour": 1}, "settings.colour")],
)
def test_a_setting_that_cannot_be_is_named(client: TestClient, settings: dict[str, Any], field: str) -> None:
    answer = client.post(f"{API}/projects", json={"name": "Doors", "settings": settings})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field


def test_what_cannot_be_trained_on_is_told_before_anything_is_queued(client: TestClient, animals: str) -> None:
    empty = client.post(f"{API}/datasets", json={"name": "Empty"}).json()["id"]
    for project in (make(client), make(client, "Empty", dataset_id=empty), make(client, "Canvas", kind="canvas")):
        assert client.post(f"{API}/projects/{project['id']}/runs", json={}).status_code == 409
    assert client.get(f"{API}/runs?state=queued").json()["items"] == []


def test_pictures_become_a_model_that_is_taken_away(client: TestClient, pictures: str, finish: Finish) -> None:
    project = make(client, dataset_id=pictures, settings={"goal": "fast", "seed": 1})
    path = f"{API}/projects/{project['id']}"
    asked = client.post(f"{path}/runs", json={"settings": {"seed": 2}})
    assert asked.status_code == 202
    assert (asked.json()["settings"]["seed"], asked.json()["position"]) == (2, 1)
    done = finish(asked.json()["id"])
    assert (done.state, done.error) == ("done", None)
    version_id = client.get(f"{API}/runs/{done.id}").json()["result"]["model_version_id"]
    version = client.get(f"{API}/model-versions/{version_id}").json()
    assert version["labels"] == ["cat", "dog"]
    assert version["lineage"]["run"]["id"] == done.id
    (model,) = client.get(f"{API}/models?project_id={project['id']}").json()["items"]
    assert (model["name"], model["latest"]["id"]) == ("Doors", version_id)

    file = client.get(f"{API}/model-versions/{version_id}/download")
    assert 'filename="Doors-v1.fenlei"' in file.headers["content-disposition"]
    assert len(file.content) == version["bytes"]
    page = client.get(f"{API}/model-versions/{version_id}/report")
    assert page.text.startswith("<!")
    assert page.headers["content-security-policy"].startswith("sandbox")
    assert client.get(f"{API}/model-versions/{version_id}/report?form=json").json()["evaluation"]
    export = client.get(f"{API}/model-versions/{version_id}/export")
    with zipfile.ZipFile(io.BytesIO(export.content)) as opened:
        assert "network.onnx" in opened.namelist()
    asked = client.post(f"{API}/model-versions/{version_id}/export")
    assert client.get(f"{API}/runs/{asked.json()['id']}/file").status_code == 404
    assert finish(asked.json()["id"]).state == "done"
    assert client.get(f"{API}/runs/{asked.json()['id']}/file").content == export.content

    again = client.post(f"{path}/runs", json={"dataset_version_id": version["dataset_version_id"]}).json()["id"]
    assert client.get(f"{API}/runs/{again}/suspects").status_code == 409  # it is not done
    finish(again)
    compared = client.get(f"{API}/runs/{done.id}/compare/{again}").json()
    assert compared["settings"] == [{"name": "seed", "a": 2, "b": 1}]
    assert compared["data"]["same"] is True
    assert [each["number"] for each in client.get(f"{path}/runs").json()["items"]] == [2, 1]
    refused = client.delete(path)
    assert refused.status_code == 409
    assert "2 runs" in refused.json()["error"]["message"]
    assert client.delete(path, params={"and_all": True}).json()["models"][0]["versions"] == 2
    assert client.get(f"{API}/models/{model['id']}").json()["project_id"] is None


def test_suspects_of_a_training_are_named_with_what_became_of_them(
    client: TestClient, platform: Platform, finish: Finish
) -> None:
    folder = class_folders(platform.import_roots[0] / "pictures", {"cat": 8, "dog": 8}, size=48)
    with Image.open(folder / "cat" / "0001.png") as picture:
        picture.save(folder / "dog" / "a cat.png", compress_level=1)  # other bytes, the same pixels
    dataset = bring_in(client, folder, finish)
    path = f"{API}/projects/{make(client, dataset_id=dataset, settings={'goal': 'fast'})['id']}"
    done = finish(client.post(f"{path}/runs", json={}).json()["id"])
    assert (done.state, done.error) == ("done", None)
    told = client.get(f"{API}/runs/{done.id}").json()["result"]["suspects"]
    assert (told["twins"], told["looked_at"]) == (2, 17)
    assert "twin" in told["first"][0]["reasons"]

    found = client.get(f"{API}/runs/{done.id}/suspects").json()
    assert found["counts"]["twins"] == 2
    copy = {row["name"]: row for row in found["suspects"]}["dog/a cat.png"]
    assert (copy["label"], copy["likelier"], copy["twin"]["name"]) == ("dog", "cat", "cat/0001.png")
    assert copy["twin"]["exact"] is True
    assert (copy["label_now"], copy["settled"]) == ("dog", False)
    picture_out = client.get(f"{API}/pictures/{copy['picture_id']}").json()
    assert (picture_out["name"], picture_out["sha256"]) == (copy["name"], copy["sha256"])
    assert len(client.get(f"{API}/runs/{done.id}/suspects?first=1").json()["suspects"]) == 1

    labels = {each["name"]: each["id"] for each in client.get(f"{API}/datasets/{dataset}/labels").json()}
    renamed = client.patch(f"{API}/datasets/{dataset}/labels/{labels['dog']}", json={"name": "hound"})
    assert renamed.status_code == 200, renamed.text
    assert _settled(client, done.id)["dog/a cat.png"] is False  # its class has another name, and is still wrong
    corrected = {"pictures": {"ids": [copy["picture_id"]]}, "label_id": labels["cat"]}
    assert client.patch(f"{API}/datasets/{dataset}/pictures", json=corrected).status_code == 200
    client.patch(f"{API}/datasets/{dataset}/labels/{labels['dog']}", json={"name": "dog"})
    assert _settled(client, done.id)["dog/a cat.png"] is True
    assert _settled(client, done.id)["cat/0001.png"] is False

    checked = client.post(f"{API}/datasets/{dataset}/checks", json={}).json()
    refused = client.get(f"{API}/runs/{checked['id']}/suspects")
    assert refused.status_code == 409
    assert "only trainings find suspects" in refused.json()["error"]["message"]


def _settled(client: TestClient, run_id: str) -> dict[str, bool]:
    rows = client.get(f"{API}/runs/{run_id}/suspects").json()["suspects"]
    return {row["name"]: row["settled"] for row in rows}


def test_a_training_is_asked_for_with_its_priority_and_its_time_limit(client: TestClient, pictures: str) -> None:
    path = f"{API}/projects/{make(client, dataset_id=pictures, settings={'time_limit': 60})['id']}/runs"
    usual = client.post(path, json={}).json()
    urgent = client.post(path, json={"priority": 5, "settings": {"time_limit": 7.5}}).json()
    late = client.post(path, json={"priority": -5, "settings": {"time_limit": None}}).json()
    shown = [client.get(f"{API}/runs/{run['id']}").json() for run in (urgent, usual, late)]
    assert [each["position"] for each in shown] == [1, 2, 3]
    assert [each["time_limit"] for each in shown] == [7.5, 60, None]
    for wrong in ({"priority": 101}, {"settings": {"time_limit": 0}}):
        assert client.post(path, json=wrong).status_code == 422


def test_model_versions_are_described_listed_and_deleted(client: TestClient, platform: Platform) -> None:
    first, second = add_version(platform.store, "m"), add_version(platform.store, "m", head_seed=2)
    path = f"{API}/model-versions/{first.id}"
    match = {"if-match": client.get(path).headers["etag"]}
    said = {"note": "at night", "tags": ["night"], "stage": "candidate"}
    changed = client.patch(path, json=said, headers=match).json()
    assert {name: changed[name] for name in said} == said
    assert client.patch(path, json=said, headers=match).status_code == 412
    assert client.patch(path, json={"stage": "best"}).status_code == 422
    model = f"{API}/models/{first.model_id}"
    assert [each["number"] for each in client.get(f"{model}/versions").json()["items"]] == [2, 1]
    assert client.get(path + "/report").status_code == 404
    assert client.delete(path).status_code == 204
    assert client.delete(model).status_code == 409
    assert client.patch(model, json={"name": "n"}).json()["latest"]["id"] == second.id
    assert client.delete(model, params={"and_all": True}).status_code == 204


def test_a_model_file_made_elsewhere_becomes_a_version(client: TestClient, platform: Platform) -> None:
    data = pack(tiny_model())
    sent = client.post(f"{API}/model-files", content=data)
    assert sent.status_code == 201
    assert sent.json()["size"] == len(data)
    body = {"file": sent.json()["id"], "name": "Brought", "note": "by mail", "tags": ["mail"]}
    made = client.post(f"{API}/model-versions", json=body)
    assert made.status_code == 201, made.text
    version = made.json()["version"]
    assert (version["origin"], version["sha256"], version["tags"]) == ("upload", sent.json()["sha256"], ["mail"])
    assert client.post(f"{API}/model-versions", json=body).status_code == 404  # it is a version now
    assert not list((platform.uploads / "models").iterdir())
    assert client.get(f"{API}/model-versions/{version['id']}/download").content == data


def test_only_so_many_models_are_tried_at_a_time(client: TestClient) -> None:
    body = {"file": client.post(f"{API}/model-files", content=pack(tiny_model())).json()["id"], "name": "Brought"}
    with model_files._trials.take(), model_files._trials.take():
        answer = client.post(f"{API}/model-versions", json=body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "busy")
    assert int(answer.headers["retry-after"]) > 0
    assert client.post(f"{API}/model-versions", json=body).status_code == 201


def test_what_is_no_model_is_refused_and_kept_for_another_try(client: TestClient) -> None:
    sent = client.post(f"{API}/model-files", content=b"PK no model").json()["id"]
    body = {"file": sent, "name": "Brought"}
    assert client.post(f"{API}/model-versions", json=body).status_code == 422
    assert client.post(f"{API}/model-versions", json={"file": sent}).status_code == 400
    assert client.get(f"{API}/models").json()["items"] == []
    assert client.delete(f"{API}/model-files/{sent}").status_code == 204
    assert client.delete(f"{API}/model-files/{sent}").status_code == 404


def test_a_foreign_network_is_tried_on_pictures_and_becomes_a_version(client: TestClient) -> None:
    sent = client.post(f"{API}/model-files", content=colour_network()).json()["id"]
    sample = {"data": base64.b64encode(png(64, 64)).decode()}
    tried = client.post(
        f"{API}/model-files/check", json={"file": sent, "declaration": declaration(), "samples": [sample]}
    )
    assert set(tried.json()["answers"][0]) == {"red", "green", "blue"}
    body = {"file": sent, "name": "Colours", "declaration": declaration(size=33)}
    assert client.post(f"{API}/model-versions", json=body).status_code == 422
    made = client.post(f"{API}/model-versions", json={**body, "declaration": declaration(), "samples": [sample]})
    assert made.status_code == 201, made.text
    assert made.json()["version"]["origin"] == "onnx"
    assert made.json()["answers"] == tried.json()["answers"]
