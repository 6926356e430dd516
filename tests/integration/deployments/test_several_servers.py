"""Servers that follow one database: what is done on one is done on all, within about a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fenlei.projects.deployments import Wishes, change, delete, publish, roll_back, start, stop
from fenlei.projects.front import State
from fenlei.projects.keys import make_key, revoke_key
from fenlei.store import Store
from tests.support.callers import Callers
from tests.support.counter import Counter
from tests.support.front_suite import BODY, OPEN, first_label
from tests.support.until import until
from tests.support.versions import add_version

SOON = 5.0
"""Seconds: the servers here look every 50 ms; a busy machine may take its time."""


@pytest.fixture
def other(store: Store, tmp_path: Path) -> Iterator[Counter]:
    """Another server on the same database, which looks at it by itself."""
    with Counter(store, tmp_path / "other", follows=True) as running:
        yield running


def test_every_change_reaches_the_other_server(store: Store, counter: Counter, other: Counter) -> None:
    front = counter.front

    def code(key: str | None = None) -> int:
        said = other.call("/api/image/cats", BODY, {} if key is None else {"X-App-Key": key})[2]
        found: int = said["code"]
        return found

    published = publish(store, front, add_version(store, labels=("a", "b")).id, "cats")
    id_, key = published.deployment.id, published.url_key
    until(lambda: code(key) == 10000, SOON)
    second = make_key(store, front, id_)
    until(lambda: code(second.secret) == 10000, SOON)
    revoke_key(store, front, second.row.id)
    until(lambda: code(second.secret) == 2000, SOON)
    publish(store, front, add_version(store, labels=("x", "y")).id, "cats")
    until(lambda: first_label(other.call(published.url(""), BODY)[2]) == "x", SOON)
    roll_back(store, front, id_)
    until(lambda: first_label(other.call(published.url(""), BODY)[2]) == "a", SOON)
    stop(store, front, id_)
    until(lambda: code(key) == 1100, SOON)
    start(store, front, id_)
    until(lambda: code(key) == 10000, SOON)
    change(store, front, id_, Wishes(open=True))
    until(lambda: code() == 10000, SOON)
    delete(store, front, id_)
    until(lambda: code() == 1100, SOON)


def test_no_request_to_the_other_server_fails_meanwhile(store: Store, counter: Counter, other: Counter) -> None:
    versions = [add_version(store, labels=(label, "z"), network_seed=seed) for seed, label in enumerate("abc")]
    id_ = publish(store, counter.front, versions[0].id, "cats", OPEN).deployment.id
    until(lambda: other.front.condition(id_).state is State.SERVING, SOON)
    with Callers(f"{other.base}/api/image/cats", BODY) as callers:
        for turn in range(9):
            wanted = versions[turn % 3].id
            publish(store, counter.front, wanted, "cats")
            until(lambda wanted=wanted: other.front.condition(id_).model_version_id == wanted, SOON)  # type: ignore[misc]
    assert set(callers.codes) == {10000}
    assert set(callers.labels) == {"a", "b", "c"}


def test_a_model_that_fails_on_one_server_only_is_tried_there_again(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its blob is out of reach for the second server, and comes back."""
    monkeypatch.setattr("fenlei.gateway.front.TRY_AGAIN_SECONDS", (0.1, 0.1))
    version = add_version(sqlite_store)
    data = sqlite_store.blobs.get(version.sha256)
    with Counter(sqlite_store, tmp_path / "one") as one:
        id_ = publish(sqlite_store, one.front, version.id, "cats", OPEN).deployment.id
        sqlite_store.blobs.remove([version.sha256])
        with Counter(sqlite_store, tmp_path / "two", follows=True) as two:
            assert two.front.condition(id_).state is State.FAILED
            assert version.sha256 in two.front.condition(id_).reason
            assert two.call("/api/image/cats", BODY)[2]["code"] == 1100
            assert one.call("/api/image/cats", BODY)[2]["code"] == 10000
            sqlite_store.blobs.put(data)
            until(lambda: two.front.condition(id_).state is State.SERVING, SOON)
            assert two.call("/api/image/cats", BODY)[2]["code"] == 10000


def test_a_server_whose_database_is_away_goes_on_answering_and_catches_up(
    sqlite_store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    version, later = add_version(sqlite_store, labels=("a", "b")), add_version(sqlite_store, labels=("x", "y"))
    file = sqlite_store.database.file
    assert file is not None
    away = file.with_name("away")
    with Counter(sqlite_store, tmp_path / "cache", follows=True) as counter:
        id_ = publish(sqlite_store, counter.front, version.id, "cats", OPEN).deployment.id
        sqlite_store.database.close()
        file.rename(away)
        file.mkdir()  # a folder is no database
        until(lambda: "database_out_of_reach" in caplog.text, SOON)
        assert counter.call("/api/image/cats", BODY)[2]["code"] == 10000
        file.rmdir()
        away.rename(file)
        with sqlite_store.writing() as work:
            work.deployments.change(id_, model_version_id=later.id)
        until(lambda: first_label(counter.call("/api/image/cats", BODY)[2]) == "x", SOON)
    assert [record.message for record in caplog.records].count("database_out_of_reach") == 1
