"""Deployments over HTTP: published, called, rolled back, stopped, opened by keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from fenlei.api import Platform
from fenlei.contract import encode_request
from fenlei.modelfile import Decision, Head, HeadMeasure, Unknown
from fenlei.store.tables import ModelVersion
from tests.support.counter import Counter
from tests.support.drawing import jpeg
from tests.support.models import WIDTH
from tests.support.stores import MakeStore
from tests.support.versions import add_version

API = "/api/v1"
LEANING_TO_A = Head.linear(np.zeros((WIDTH, 3), np.float32), np.log(np.array([0.6, 0.1, 0.3], np.float32)))
"""Scores that are the same for every picture: 0.6, 0.1 and 0.3."""

BODY = encode_request(jpeg(80, 60))


@pytest.fixture
def counter(make_store: MakeStore, kind: str, tmp_path: Path) -> Iterator[Counter]:
    with Counter(make_store(kind), tmp_path / "front") as running:
        yield running


@pytest.fixture
def platform(platform: Platform, counter: Counter) -> Platform:
    return replace(platform, store=counter.store, front=counter.front, base_url=counter.base)


@pytest.fixture
def two(platform: Platform) -> list[ModelVersion]:
    """Two versions of one model, told apart by their first class."""
    return [add_version(platform.store, labels=(label, "z"), head_seed=number) for number, label in enumerate("ab")]


def publish(client: TestClient, version: ModelVersion, **more: Any) -> dict[str, Any]:
    answer = client.post(f"{API}/deployments", json={"name": "cats", "model_version_id": version.id, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def code(counter: Counter, url: str) -> int:
    return int(counter.call(url.removeprefix(counter.base), BODY)[2]["code"])


def first_class(counter: Counter, url: str) -> str:
    answer = counter.call(url.removeprefix(counter.base), BODY)[2]
    return str(answer["predictResult"]["thresholdList"][0]["name"])


def test_a_published_model_answers_at_the_url_that_was_shown(
    client: TestClient, counter: Counter, two: list[ModelVersion]
) -> None:
    published = publish(client, two[0])
    assert code(counter, published["url"]) == 10000
    assert published["deployment"]["condition"]["state"] == "serving"
    assert published["key"] in published["samples"][0]["text"]
    assert code(counter, published["url"].split("?")[0]) == 2000
    path = f"{API}/deployments/{published['deployment']['id']}"
    detail = client.get(f"{path}/detail").json()
    assert detail["complete"] is False
    assert published["key"] not in client.get(f"{path}/detail").text
    assert len(detail["samples"]) == 6
    assert detail["limits"]["max_side"] == 4096
    assert client.get(path).json()["name"] == "cats"
    assert [each["name"] for each in client.get(f"{API}/deployments").json()["items"]] == ["cats"]


def test_another_version_answers_and_the_one_before_again(
    client: TestClient, counter: Counter, two: list[ModelVersion]
) -> None:
    url, deployment = (published := publish(client, two[0], open=True))["url"], published["deployment"]
    path = f"{API}/deployments/{deployment['id']}"
    match = {"if-match": f'"{deployment["revision"]}"'}
    moved = client.post(f"{path}/publish", json={"model_version_id": two[1].id}, headers=match)
    assert moved.status_code == 200
    assert first_class(counter, url) == "b"
    assert client.post(f"{path}/publish", json={"model_version_id": two[0].id}, headers=match).status_code == 412
    assert client.post(f"{path}/rollback", json={}).json()["model_version_id"] == two[0].id
    assert first_class(counter, url) == "a"
    assert client.post(f"{path}/rollback", json={}).status_code == 409
    assert client.post(f"{path}/stop").json()["condition"]["state"] == "stopped"
    assert code(counter, url) == 1100
    assert client.post(f"{path}/start").json()["condition"]["state"] == "serving"
    assert code(counter, url) == 10000
    actions = [each["action"] for each in client.get(f"{path}/history").json()["items"]]
    assert actions == ["start", "stop", "roll-back", "publish", "publish"]
    assert client.delete(f"{API}/model-versions/{two[0].id}").status_code == 409
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert code(counter, url) == 1100


def test_a_model_that_scores_otherwise_is_not_published(client: TestClient, platform: Platform) -> None:
    moved = add_version(platform.store, parity_shift=0.1)
    answer = client.post(f"{API}/deployments", json={"name": "cats", "model_version_id": moved.id})
    assert answer.status_code == 422
    assert client.get(f"{API}/deployments").json()["items"] == []
    assert client.post(f"{API}/deployments", json={"name": "Cats!", "model_version_id": moved.id}).status_code == 422


def test_keys_are_made_shown_once_and_revoked(client: TestClient, counter: Counter, two: list[ModelVersion]) -> None:
    published = publish(client, two[0])
    path = f"{API}/deployments/{published['deployment']['id']}"
    made = client.post(f"{path}/keys", json={"name": "till"}).json()
    assert code(counter, made["url"]) == 10000
    listed = client.get(f"{path}/keys").json()
    assert [each["name"] for each in listed] == ["till", "first key"]
    assert made["key"] not in client.get(f"{path}/keys").text
    assert client.delete(f"{API}/keys/{made['id']}").status_code == 204
    assert code(counter, made["url"]) == 2000
    assert code(counter, published["url"]) == 10000
    assert len(client.get(f"{path}/keys?revoked=true").json()) == 2


def test_how_a_deployment_answers_is_changed(client: TestClient, counter: Counter, two: list[ModelVersion]) -> None:
    published = publish(client, two[0], open=True)
    path = f"{API}/deployments/{published['deployment']['id']}"
    changed = client.patch(path, json={"open": False, "envelope": "gateway", "status_style": "rest"}).json()
    assert changed["key"]
    assert code(counter, changed["url"]) == 1000
    assert counter.call(published["url"].removeprefix(counter.base), BODY)[0] == 401


def test_a_deployment_is_tried_without_its_key(client: TestClient, two: list[ModelVersion]) -> None:
    path = f"{API}/deployments/{publish(client, two[0])['deployment']['id']}/try"
    own = client.post(path).json()
    assert (own["answer"]["code"], own["agrees"]) == (10000, True)
    sent = client.post(path, content=jpeg(80, 60)).json()
    assert (sent["answer"]["code"], sent["agrees"]) == (10000, None)
    assert client.post(path, content=b"no picture").json()["answer"]["code"] == 10440


def test_a_repeated_publishing_does_not_show_the_key_twice(client: TestClient, two: list[ModelVersion]) -> None:
    key = {"idempotency-key": "1"}
    body = {"name": "cats", "model_version_id": two[0].id}
    assert client.post(f"{API}/deployments", json=body, headers=key).json()["key"]
    again = client.post(f"{API}/deployments", json=body, headers=key)
    assert again.status_code == 409
    assert "shown then" in again.json()["error"]["message"]


def test_where_nothing_is_served_that_is_said(client: TestClient, platform: Platform, two: list[ModelVersion]) -> None:
    bare = replace(platform, front=None)
    app: Any = client.app
    while not hasattr(app, "state"):
        app = app._app
    app.state.platform = bare
    answer = client.post(f"{API}/deployments", json={"name": "cats", "model_version_id": two[0].id})
    assert answer.status_code == 503
    assert answer.json()["error"]["type"] == "unavailable"


def test_unknown_pictures_are_answered_with_the_class_that_a_deployment_names(
    client: TestClient, counter: Counter, platform: Platform
) -> None:
    all_unknown = Unknown("best score", HeadMeasure("best score", 1.3), -3.0, -2.0, 0.05)
    able = add_version(platform.store, labels=("a", "other", "z"), unknown=all_unknown)
    unable = add_version(platform.store, labels=("a", "b", "z"), head_seed=1)
    published = publish(client, able, open=True)
    path, url = f"{API}/deployments/{published['deployment']['id']}", published["url"]

    def prediction() -> str:
        return str(counter.call(url.removeprefix(counter.base), BODY)[2]["predictResult"]["prediction"])

    plain = prediction()
    assert plain != "other"
    assert (published["deployment"]["unknown_as"], published["deployment"]["decide"]) == (None, False)
    changed = client.patch(path, json={"unknown_as": "other"})
    assert changed.status_code == 200, changed.text
    assert changed.json()["deployment"]["unknown_as"] == "other"
    assert prediction() == "other"

    refused = client.patch(path, json={"unknown_as": "bird"})
    assert refused.status_code == 409
    assert "no class 'bird'" in refused.text
    assert client.patch(path, json={"decide": True}).status_code == 409
    assert client.post(f"{path}/publish", json={"model_version_id": unable.id}).status_code == 409
    assert client.get(path).json()["model_version_id"] == able.id
    assert prediction() == "other"

    assert client.patch(path, json={"unknown_as": ""}).json()["deployment"]["unknown_as"] is None
    assert prediction() == plain
    assert client.post(f"{path}/publish", json={"model_version_id": unable.id}).status_code == 200


PRECISION = Decision(method="precision", thresholds=[0.99, 0.99, 0.99])
COST = Decision(method="cost", thresholds=[0.9, 0.9, 0.01], weights=[2.0, 2.0, 20.0])
"""A missed picture of the last class costs nineteen times as much as a wrong answer."""

NO_SCORE_IS_ENOUGH = Decision(method="cost", thresholds=[0.99, 0.99, 0.99], weights=[2.0, 2.0, 2.0])


@pytest.mark.parametrize(
    ("decision", "named", "decided"),
    [
        pytest.param(PRECISION, "other", "other", id="no-score-keeps-the-precision"),
        pytest.param(PRECISION, None, "a", id="likewise-and-no-class-is-named"),
        pytest.param(COST, "other", "z", id="missing-one-class-is-dear"),
        pytest.param(COST, None, "z", id="likewise-and-no-class-is-named-for-the-unknown"),
        pytest.param(NO_SCORE_IS_ENOUGH, "other", "other", id="every-answer-costs-more-than-none"),
        pytest.param(NO_SCORE_IS_ENOUGH, None, "a", id="likewise-and-none-is-named"),
    ],
)
def test_the_thresholds_of_a_model_have_a_say_at_the_url_where_a_deployment_decides_by_them(
    client: TestClient, counter: Counter, platform: Platform, decision: Decision, named: str | None, decided: str
) -> None:
    """What a class other than the largest score's, or none, is answered with; without a named class, thresholds by
    precision alone change nothing."""
    version = add_version(platform.store, labels=("a", "other", "z"), head=LEANING_TO_A, decision=decision)
    published = publish(client, version, open=True)
    path, url = f"{API}/deployments/{published['deployment']['id']}", published["url"]

    def answer() -> dict[str, Any]:
        found: dict[str, Any] = counter.call(url.removeprefix(counter.base), BODY)[2]["predictResult"]
        return found

    plain = answer()
    assert plain["prediction"] == "a"
    assert client.patch(path, json={"decide": True, "unknown_as": named or ""}).status_code == 200
    assert answer() == {**plain, "prediction": decided}
    switched_off = client.patch(path, json={"decide": False, "unknown_as": ""})
    assert switched_off.status_code == 200, switched_off.text
    assert answer() == plain
    again = publish(client, version, name="decided", open=True, decide=True, **({"unknown_as": named} if named else {}))
    url = again["url"]
    assert answer()["prediction"] == decided
