"""Every list that comes in pages: page after page it is the same list, each thing in it once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from fenlei.api import Platform, make_app
from tests.integration.api.everything import API, Everything, everything_on
from tests.support.counter import Counter


@pytest.fixture
def platform(platform: Platform, tmp_path: Path) -> Iterator[Platform]:
    with Counter(platform.store, tmp_path / "front") as counter:
        yield replace(platform, front=counter.front, base_url=counter.base)


@pytest.fixture
def lists(platform: Platform, client: TestClient, animals: str) -> list[str]:
    """Every list that comes in pages, of something that there is; most with two things or more."""
    there = everything_on(platform, client, animals)
    there.ids["im"].reverse()  # the one that was carried out has entries
    client.post(f"{API}/deployments", json={"name": "dogs", "model_version_id": there.first("mv")})
    for path in ("/projects", "/models"):
        client.post(API + path, json={"name": "Another"})
    client.post(f"{API}/deployments/{there.first('dp')}/stop")
    client.post(f"{API}/datasets/{animals}/labels", json={"name": "bird"})
    return [
        _filled(path, there)
        for path, item in make_app(platform).openapi()["paths"].items()
        if {"after", "limit"} <= {each.get("name") for each in item.get("get", {}).get("parameters", [])}
    ]


def _filled(path: str, there: Everything) -> str:
    found = path.replace("{project_id}/graph", there.ids["pr"][1] + "/graph")
    names = {"dataset_id": "ds", "import_id": "im", "project_id": "pr", "model_id": "md", "deployment_id": "dp"}
    for name, kind in (names | {"run_id": "rn", "version_id": "dv"}).items():
        found = found.replace("{" + name + "}", there.ids[kind][0] if there.ids[kind] else "")
    return found.replace("{other_id}", there.ids["dv"][-1]).replace("{check}", "blank")


def test_page_after_page_is_the_same_list(client: TestClient, lists: list[str]) -> None:
    assert len(lists) > 15
    long = 0
    for path in lists:
        whole = _asked(client, path, limit=500)
        assert whole["next"] is None or "/events" in path, path
        found: list[Any] = []
        after: str | None = None
        while True:
            page = _asked(client, path, limit=1, **({} if after is None else {"after": after}))
            found += page["items"]
            assert len(page["items"]) <= 1, path
            if page["next"] is None or page["next"] == after:  # whoever follows a run that goes on asks there again
                break
            after = page["next"]
        assert [_name(each) for each in found] == [_name(each) for each in whole["items"]], path
        long += len(found) > 1
    assert long >= 12


def _asked(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(path, params=query, headers={"accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def _name(thing: dict[str, Any]) -> Any:
    return thing.get("id", thing.get("number", thing.get("name")))
