"""A call is carried out whole or not at all: what was asked for, its line of the audit log, its answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from fenlei.api import Platform
from fenlei.projects import dataset_runs
from fenlei.store import StoreError, Work
from fenlei.store.audit import Audit, Repeats
from fenlei.store.one_call import Together
from fenlei.store.tables import AuditEntry
from tests.support.until import until

KEY = {"idempotency-key": "once"}


class Commits:
    """Counts what is committed."""

    def __init__(self, platform: Platform) -> None:
        self.count = 0
        event.listen(platform.store.database.engine, "commit", self._hear)

    def _hear(self, connection: object) -> None:
        self.count += 1


@pytest.fixture
def commits(platform: Platform, client: TestClient) -> Iterator[Commits]:
    client.get("/api/v1/me")  # a token's first use is remembered
    heard = Commits(platform)
    yield heard
    event.remove(platform.store.database.engine, "commit", heard._hear)


@pytest.mark.parametrize("headers", [{}, KEY], ids=["without a key", "with a key"])
def test_what_is_made_its_audit_and_its_answer_are_committed_at_once(
    client: TestClient, commits: Commits, headers: dict[str, str]
) -> None:
    """Each of these routes writes two or three times."""
    dataset = client.post("/api/v1/datasets", json={"name": "birds"}, headers=headers).json()["id"]
    assert commits.count == 1
    source = {"source": {"kind": "upload"}}
    client.post(f"/api/v1/datasets/{dataset}/imports", json=source, headers={"idempotency-key": "2"})
    assert commits.count == 2
    entries = client.get("/api/v1/audit", params={"object_id": dataset}).json()["items"]
    assert [entry["action"] for entry in entries] == ["dataset.add"]


def test_a_call_that_died_before_its_end_has_left_nothing_and_is_carried_out_when_it_comes_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, its key was taken for that of a call at work, for a day."""

    def dies(call: Together) -> None:
        exc = StoreError("The process ends here.")
        call._session = None
        call._stack.__exit__(type(exc), exc, None)
        raise exc

    with monkeypatch.context() as patch:
        patch.setattr(Together, "settle", dies)
        assert client.post("/api/v1/datasets", json={"name": "birds"}, headers=KEY).status_code >= 500
    assert client.get("/api/v1/datasets").json()["items"] == []
    made = [client.post("/api/v1/datasets", json={"name": "birds"}, headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json() == made[1].json()
    assert len(client.get("/api/v1/datasets").json()["items"]) == 1


def test_an_answer_that_could_not_be_kept_is_told_and_nothing_is_made_twice(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(Repeats, "finish", full)
        assert client.post("/api/v1/datasets", json={"name": "birds"}, headers=KEY).status_code >= 500
    again = client.post("/api/v1/datasets", json={"name": "birds"}, headers=KEY)
    assert again.status_code == 409
    assert "was carried out by the first call" in again.json()["error"]["message"]
    assert len(client.get("/api/v1/datasets").json()["items"]) == 1


def test_a_second_call_while_the_first_is_at_work_is_told_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, go_on = threading.Event(), threading.Event()
    add = Audit.add

    def slowly(self: Audit, entry: AuditEntry) -> None:
        inside.set()
        go_on.wait(20)
        add(self, entry)

    codes: list[int] = []

    def first() -> None:
        codes.append(client.post("/api/v1/datasets", json={"name": "birds"}, headers=KEY).status_code)

    monkeypatch.setattr(Audit, "add", slowly)
    thread = threading.Thread(target=first)
    thread.start()
    try:
        until(inside.is_set)
        second = client.post("/api/v1/datasets", json={"name": "birds"}, headers=KEY)
    finally:
        go_on.set()
        thread.join(20)
    assert second.status_code == 409
    assert "still at work" in second.json()["error"]["message"]
    assert codes == [201]


def test_an_import_and_its_run_are_cancelled_together_or_neither_is(
    client: TestClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, a crash in between left a run that carried a cancelled import out after all."""
    dataset = client.post("/api/v1/datasets", json={"name": "birds"}).json()["id"]
    begun = client.post(f"/api/v1/datasets/{dataset}/imports", json={"source": {"kind": "upload"}}).json()["id"]
    client.put(f"/api/v1/imports/{begun}/files", params={"name": "a.png"}, content=b"x")
    run = client.post(f"/api/v1/imports/{begun}/commit").json()["id"]

    def dies(work: Work, run_id: str) -> None:
        raise StoreError("The database is away.")

    with monkeypatch.context() as patch:
        patch.setattr(dataset_runs, "call_off", dies)
        assert client.post(f"/api/v1/imports/{begun}/cancel").status_code >= 500
    assert client.get(f"/api/v1/imports/{begun}").json()["state"] == "queued"
    assert client.get(f"/api/v1/runs/{run}").json()["state"] == "queued"
    assert client.post(f"/api/v1/imports/{begun}/cancel").json()["state"] == "cancelled"
    assert client.get(f"/api/v1/runs/{run}").json()["state"] == "cancelled"
