"""Data sets over HTTP, from the first picture to a download."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from starlette.testclient import TestClient

from fenlei.api import Platform
from fenlei.datasets.checking import CHECKS
from fenlei.projects.roles import Role
from tests.integration.api.conftest import ClientFor, Finish
from tests.integration.datasets_store.importing import lay
from tests.support.drawing import png
from tests.support.stores import KINDS

API = "/api/v1"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def names(client: TestClient, dataset: str, **wanted: object) -> list[str]:
    page = client.get(f"{API}/datasets/{dataset}/pictures", params=wanted).json()  # type: ignore[arg-type]
    return [each["name"] for each in page["items"]]


def numbers(client: TestClient, dataset: str) -> dict[str, int]:
    page = client.get(f"{API}/datasets/{dataset}/pictures").json()
    return {each["name"]: each["id"] for each in page["items"]}


def labels(client: TestClient, dataset: str) -> dict[str, str]:
    return {each["name"]: each["id"] for each in client.get(f"{API}/datasets/{dataset}/labels").json()}


def test_a_data_set_is_made_renamed_and_deleted(client: TestClient) -> None:
    made = client.post(f"{API}/datasets", json={"name": " Cats ", "note": "in May"})
    assert made.status_code == 201
    assert made.json()["name"] == "Cats"
    path = f"{API}/datasets/{made.json()['id']}"
    assert client.post(f"{API}/datasets", json={"name": "Cats"}).status_code == 409
    changed = client.patch(path, json={"name": "Big cats"}, headers={"if-match": made.headers["etag"]})
    assert changed.json()["name"] == "Big cats"
    assert client.patch(path, json={"note": ""}, headers={"if-match": made.headers["etag"]}).status_code == 412
    assert client.delete(path, headers={"if-match": changed.headers["etag"]}).status_code == 200
    assert client.get(path).status_code == 404


def test_what_hangs_on_a_data_set_is_named_before_it_goes(client: TestClient, animals: str) -> None:
    path = f"{API}/datasets/{animals}"
    version = client.post(f"{path}/versions", json={}).json()
    hanging = client.get(f"{path}/hanging").json()
    assert hanging["pictures"] == 5
    assert hanging["versions"] == [{"id": version["id"], "number": 1}]
    refused = client.delete(path)
    assert refused.status_code == 409
    assert "1 version" in refused.json()["error"]["message"]
    assert client.delete(path, params={"and_all": True}).json() == hanging
    assert client.get(f"{API}/versions/{version['id']}").status_code == 404


def test_pictures_are_filtered_and_come_in_pages(client: TestClient, animals: str) -> None:
    path = f"{API}/datasets/{animals}"
    assert client.get(path).json()["pictures"] == 5
    first = client.get(f"{path}/pictures", params={"limit": 2}).json()
    assert (len(first["items"]), first["total"]) == (2, 5)
    seen = [each["name"] for each in first["items"]]
    after = first["next"]
    while after:
        page = client.get(f"{path}/pictures", params={"limit": 2, "after": after}).json()
        seen += [each["name"] for each in page["items"]]
        after = page["next"]
    assert sorted(seen) == ["cat/1.png", "cat/2.png", "cat/3.png", "dog/1.png", "dog/2.png"]
    cat = labels(client, animals)["cat"]
    assert names(client, animals, label=cat, text="/2") == ["cat/2.png"]
    assert names(client, animals, labelled=False) == []
    assert len(names(client, animals, split="none")) == 5
    counted = client.get(f"{path}/counts").json()
    assert counted["labels"][cat] == 3
    assert counted["total"] == 5


@pytest.mark.parametrize("wanted", [{"label": "lb_" + "0" * 26}, {"after": "x"}, {"split": "half"}, {"text": "\0"}])
def test_a_filter_that_cannot_be_is_refused(client: TestClient, animals: str, wanted: dict[str, str]) -> None:
    answer = client.get(f"{API}/datasets/{animals}/pictures", params=wanted)
    assert answer.status_code in {404, 422}


def test_pictures_are_labelled_by_id_and_by_filter_and_it_is_undone(client: TestClient, animals: str) -> None:
    path, known, classes = f"{API}/datasets/{animals}", numbers(client, animals), labels(client, animals)
    etag = client.get(path).headers["etag"]
    body = {"pictures": {"ids": [known["cat/1.png"]]}, "label_id": classes["dog"]}
    done = client.patch(f"{path}/pictures", json=body, headers={"if-match": etag})
    assert done.json()["pictures"] == 1
    assert done.json()["change"]["kind"] == "label"
    assert client.patch(f"{path}/pictures", json=body, headers={"if-match": etag}).status_code == 412
    everything = {"pictures": {"filter": {"label": classes["dog"]}}, "label_id": None}
    assert client.patch(f"{path}/pictures", json=everything).json()["pictures"] == 3
    assert len(names(client, animals, labelled=False)) == 3
    assert client.post(f"{path}/changes/undo").json()["pictures"] == 3
    assert client.post(f"{path}/changes/undo").json()["pictures"] == 1
    assert len(names(client, animals, label=classes["cat"])) == 3
    assert client.post(f"{path}/changes/redo").json()["pictures"] == 1
    kinds = [each["kind"] for each in client.get(f"{path}/changes").json()["items"]]
    assert kinds[:3] == ["redo", "undo", "undo"]


@pytest.mark.parametrize(
    "body",
    [
        {"pictures": {"ids": [1]}},
        {"pictures": {"ids": [1]}, "label_id": None, "removed": True},
        {"pictures": {"ids": [1]}, "removed": None},
        {"pictures": {}, "removed": True},
        {"pictures": {"ids": [1], "filter": {}}, "removed": True},
    ],
)
def test_one_thing_of_pictures_chosen_one_way(client: TestClient, animals: str, body: dict[str, object]) -> None:
    answer = client.patch(f"{API}/datasets/{animals}/pictures", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["allowed"]


def test_pictures_are_removed_and_put_back_and_renamed(client: TestClient, animals: str) -> None:
    path, known = f"{API}/datasets/{animals}", numbers(client, animals)
    chosen = {"ids": [known["cat/1.png"], known["dog/1.png"]]}
    assert client.patch(f"{path}/pictures", json={"pictures": chosen, "removed": True}).json()["pictures"] == 2
    assert names(client, animals, removed=True) == ["cat/1.png", "dog/1.png"]
    assert client.patch(f"{path}/pictures", json={"pictures": chosen, "removed": False}).json()["pictures"] == 2
    assert len(names(client, animals)) == 5
    one = f"{API}/pictures/{known['cat/1.png']}"
    assert client.patch(one, json={"name": "cat/one.png"}).status_code == 200
    assert client.get(one).json()["name"] == "cat/one.png"
    assert client.patch(one, json={"name": "dog/1.png"}).status_code == 409


def test_pictures_are_moved_to_another_data_set(client: TestClient, animals: str) -> None:
    known = numbers(client, animals)
    other = client.post(f"{API}/datasets", json={"name": "Dogs"}).json()["id"]
    body = {"pictures": {"filter": {"text": "dog/"}}, "to": other}
    assert client.post(f"{API}/datasets/{animals}/pictures/move", json=body).json()["pictures"] == 2
    assert names(client, other) == ["dog/1.png", "dog/2.png"]
    assert list(labels(client, other)) == ["dog"]
    body = {"pictures": {"ids": [known["cat/1.png"]]}, "to": animals}
    refused = client.post(f"{API}/datasets/{animals}/pictures/move", json=body)
    assert refused.status_code == 422
    assert refused.json()["error"]["field"] == "to"


def test_classes_are_declared_renamed_merged_and_ordered(client: TestClient, animals: str) -> None:
    path = f"{API}/datasets/{animals}/labels"
    answer = client.post(path, json={"name": "bird"})
    assert answer.status_code == 201
    assert answer.json()["position"] == 2
    assert client.post(path, json={"name": "bird"}).status_code == 409
    classes = labels(client, animals)
    assert client.patch(f"{path}/{classes['bird']}", json={"name": "owl"}).json()["name"] == "owl"
    order = [classes["bird"], classes["dog"], classes["cat"]]
    assert client.put(f"{path}/order", json={"labels": order}).status_code == 200
    assert list(labels(client, animals)) == ["owl", "dog", "cat"]
    assert client.put(f"{path}/order", json={"labels": order[:2]}).status_code == 422
    merged = client.post(f"{path}/merge", json={"labels": [classes["dog"]], "into": classes["cat"]})
    assert merged.json()["pictures"] == 2
    assert client.delete(f"{path}/{classes['cat']}").json()["pictures"] == 5
    assert list(labels(client, animals)) == ["owl"]
    assert client.delete(f"{path}/{classes['cat']}").status_code == 404


def test_pictures_are_put_into_parts(client: TestClient, animals: str) -> None:
    path = f"{API}/datasets/{animals}"
    wish = {"method": "stratified", "fractions": {"train": 0.5, "test": 0.5}, "seed": 1}
    assert client.post(f"{path}/splits", json=wish).status_code == 200
    splits = client.get(f"{path}/counts").json()["splits"]
    assert set(splits) == {"train", "test"}
    assert client.post(f"{path}/splits", json={"method": "clear"}).json()["pictures"] == 5
    assert client.post(f"{path}/splits", json={"method": "guess"}).status_code == 422
    assert client.post(f"{path}/splits", json=wish | {"fractions": {"train": 0.5}}).status_code == 422
    assert client.post(f"{path}/splits", json={"method": "column"}).status_code == 409


def test_a_picture_is_shown_as_it_came_and_small(client: TestClient, animals: str) -> None:
    number = numbers(client, animals)["cat/1.png"]
    file = client.get(f"{API}/pictures/{number}/file")
    assert file.content == png(40, 40, seed=0)
    assert file.headers["content-type"] == "image/png"
    assert file.headers["content-disposition"].startswith('inline; filename="1.png"')
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["cache-control"].startswith("private")
    again = client.get(f"{API}/pictures/{number}/file", headers={"if-none-match": file.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    saved = client.get(f"{API}/pictures/{number}/file?as_file=true")
    assert saved.headers["content-disposition"].startswith("attachment")
    small = client.get(f"{API}/pictures/{number}/thumbnail?side=32")
    assert small.headers["content-type"] == "image/webp"
    assert small.content[:4] == b"RIFF"
    assert "immutable" in small.headers["cache-control"]
    assert client.get(f"{API}/pictures/999999/file").status_code == 404


def test_versions_are_made_compared_and_taken_away(client: TestClient, animals: str) -> None:
    path, known = f"{API}/datasets/{animals}", numbers(client, animals)
    first = client.post(f"{path}/versions", json={"note": "before"})
    assert first.status_code == 201
    assert client.post(f"{path}/versions", json={}).json()["id"] == first.json()["id"]
    client.patch(f"{path}/pictures", json={"pictures": {"ids": [known["cat/1.png"]]}, "removed": True})
    second = client.post(f"{path}/versions", json={}).json()
    assert [each["number"] for each in client.get(f"{path}/versions").json()["items"]] == [2, 1]
    found = client.get(f"{API}/versions/{first.json()['id']}/diff/{second['id']}").json()
    assert found["counts"]["removed"] == 1
    assert [each["name"] for each in found["items"]] == ["cat/1.png"]
    archive = client.get(f"{API}/versions/{second['id']}/download.zip")
    assert 'filename="Animals 2.zip"' in archive.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
        assert opened.testzip() is None
        assert sorted(opened.namelist()) == ["cat/2.png", "cat/3.png", "dog/1.png", "dog/2.png"]
    rows = list(csv.DictReader(io.StringIO(client.get(f"{API}/versions/{second['id']}/manifest.csv").text)))
    assert [row["label"] for row in rows] == ["cat", "cat", "dog", "dog"]
    assert client.get(f"{path}/manifest.csv").text == client.get(f"{API}/versions/{second['id']}/manifest.csv").text
    assert client.get(f"{path}/download.zip").content == archive.content


def test_checks_are_asked_read_and_fixed(client: TestClient, platform: Platform, animals: str, finish: Finish) -> None:
    path = f"{API}/datasets/{animals}"
    folder = lay(platform.import_roots[0] / "more", {"cat/again.png": png(40, 40, seed=0)})
    source = {"source": {"kind": "path", "path": str(folder)}}
    begun = client.post(f"{path}/imports", json=source).json()["id"]
    finish(client.post(f"{API}/imports/{begun}/commit").json()["id"])
    asked = client.post(f"{path}/checks", json={"checks": ["exact-duplicates", "blank"]})
    assert asked.status_code == 202
    assert finish(asked.json()["id"]).state == "done"
    states = {each["check"]: each for each in client.get(f"{path}/checks").json()}
    assert (states["exact-duplicates"]["found"], states["exact-duplicates"]["stale"]) == (2, False)
    assert states["blank"]["found"] == 0
    found = client.get(f"{path}/checks/exact-duplicates/findings").json()["items"]
    assert {each["picture_id"] for each in found} == {
        number for name, number in numbers(client, animals).items() if name in {"cat/1.png", "cat/again.png"}
    }
    assert len(names(client, animals, check="exact-duplicates")) == 2
    fixed = client.post(f"{path}/checks/exact-duplicates/fix").json()
    assert (fixed["pictures"], fixed["left"]) == (1, 0)
    assert len(names(client, animals)) == 5
    assert client.post(f"{path}/changes/undo").json()["pictures"] == 1
    assert client.post(f"{path}/checks/imbalance/fix").json()["pictures"] == 0
    assert client.post(f"{path}/checks", json={"checks": ["taste"]}).status_code == 422
    assert client.get(f"{path}/checks/taste/findings").status_code == 422


def test_pictures_are_checked_when_they_are_imported(client: TestClient, animals: str) -> None:
    states = {each["check"]: each for each in client.get(f"{API}/datasets/{animals}/checks").json()}
    assert set(states) == set(CHECKS)
    assert {each["found"] for each in states.values()} == {0}
    assert not any(each["stale"] for each in states.values())


def test_every_change_is_in_the_audit_log_with_who_and_what(client_for: ClientFor, animals: str) -> None:
    labeller, owner = client_for(Role.LABELLER), client_for(Role.OWNER)
    known = numbers(owner, animals)
    body = {"pictures": {"ids": [known["cat/1.png"]]}, "removed": True}
    assert labeller.patch(f"{API}/datasets/{animals}/pictures", json=body).is_success
    assert labeller.patch(f"{API}/datasets/{animals}/pictures", json={**body, "pictures": {"ids": [9**9]}}).is_error
    entries = owner.get(f"{API}/audit", params={"object_id": animals}).json()["items"]
    assert [(each["action"], each["user_name"]) for each in entries] == [
        ("pictures.remove", "a labeller"),
        ("dataset.add", "a owner"),
    ]
    assert entries[0]["detail"] == {"ids": 1}
