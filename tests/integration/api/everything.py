"""One of everything on a platform, for tests that walk through all of the management API."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from typing import Any

from starlette.testclient import TestClient

from fenlei.api import Platform
from fenlei.api.wire.base import MOST_NUMBER
from fenlei.modelfile.file import pack
from tests.support.classifiers import colour_network
from tests.support.models import LABELS, tiny_model
from tests.support.versions import add_version

API = "/api/v1"

_ID = re.compile("[a-z]{2}_[0-9a-z]{26}")


class Everything:
    """What there is, by the first letters of its ids; pictures by `picture`."""

    def __init__(self) -> None:
        self.ids: dict[str, list[Any]] = defaultdict(list)
        self._next = itertools.count()

    def add(self, found: str | int) -> Any:
        """One more."""
        self.ids[found[:2] if isinstance(found, str) else "picture"].append(found)
        return found

    def first(self, kind: str) -> Any:
        """The first of a kind."""
        return self.ids[kind][0]

    def instead(self, value: Any, name: str = "") -> Any:
        """The same value, with ids of what there is in place of such as belong to nothing."""
        if isinstance(value, dict):
            return {each: self.instead(inside, each) for each, inside in value.items()}
        if isinstance(value, list):
            return [self.instead(each, name) for each in value]
        kind = "picture" if name in {"ids", "picture_id"} and type(value) is int and 0 < value < MOST_NUMBER else ""
        if isinstance(value, str) and _ID.fullmatch(value):
            kind = value[:2]
        known = self.ids.get(kind)
        return known[next(self._next) % len(known)] if known else value


def drawn_graph(dataset: str, share: float = 0.5) -> dict[str, Any]:
    """A graph that learns from the first version of a data set, holding a share of its pictures out."""
    return {
        "nodes": [
            {"id": "data", "type": "data.dataset", "params": {"dataset": dataset, "version": 1}},
            {"id": "split", "type": "data.split", "params": {"test": share}},
            {"id": "learn", "type": "train.linear"},
        ],
        "edges": [
            {"source": ["data", "images"], "target": ["split", "images"]},
            {"source": ["split", "split"], "target": ["learn", "split"]},
        ],
    }


def everything_on(platform: Platform, client: TestClient, animals: str) -> Everything:
    """Make one of everything, and two of some.

    Args:
        platform: serves predictions.
        client: may do everything.
        animals: id of a data set with two classes and five pictures.
    """
    there = Everything()

    def made(path: str, body: dict[str, Any] | None = None, content: bytes | None = None) -> Any:
        answer = client.post(API + path, json=body, content=content)
        assert answer.is_success, answer.text
        return answer.json()

    def asked(path: str) -> Any:
        return client.get(API + path).json()

    there.add(animals)
    there.add(made("/datasets", {"name": "Others"})["id"])
    for each in asked(f"/datasets/{animals}/labels"):
        there.add(each["id"])
    for each in asked(f"/datasets/{animals}/pictures")["items"]:
        there.add(each["id"])
    there.add(made(f"/datasets/{animals}/versions", {"note": "as it came"})["id"])
    client.patch(f"{API}/pictures/{there.first('picture')}", json={"name": "cat/first.png"})
    there.add(made(f"/datasets/{animals}/versions", {"note": "renamed"})["id"])
    upload = there.add(made(f"/datasets/{animals}/imports", {"source": {"kind": "upload"}})["id"])
    for each in asked(f"/datasets/{animals}/imports")["items"]:
        if each["id"] != upload:
            there.add(each["id"])
    there.add(made(f"/imports/{upload}/uploads", {"name": "a.zip", "size": 100})["id"])
    for each in asked("/runs?kind=import")["items"]:
        there.add(each["id"])
    there.add(made("/projects", {"name": "Doors", "dataset_id": animals})["id"])
    there.add(made(f"/projects/{there.first('pr')}/runs", {})["id"])
    there.add(made("/projects", {"name": "Drawn", "kind": "canvas", "dataset_id": animals})["id"])
    for share in (0.5, 0.4):
        answer = client.put(f"{API}/projects/{there.ids['pr'][1]}/graph", json={"graph": drawn_graph(animals, share)})
        assert answer.is_success, answer.text
    there.add(made(f"/projects/{there.ids['pr'][1]}/graph/runs", {})["id"])
    for seed in range(2):
        version = add_version(platform.store, labels=LABELS, head_seed=seed)
        there.add(version.id)
    there.add(version.model_id)
    published = made("/deployments", {"name": "cats", "model_version_id": there.first("mv")})
    there.add(published["deployment"]["id"])
    there.add(asked(f"/deployments/{there.first('dp')}/keys")[0]["id"])
    for data in (pack(tiny_model(head_seed=3)), colour_network()):
        there.add(made("/model-files", content=data)["id"])
    there.add(made("/users", {"name": "somebody"})["id"])
    there.add(made("/tokens", {"name": "some token"})["id"])
    return there
