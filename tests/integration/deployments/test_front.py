"""The front of a server that loads models itself: the suite of every front, and what only this one can show."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fenlei.projects.deployments import publish, stop
from fenlei.projects.front import Front, State
from fenlei.store import Store
from tests.support.counter import Counter
from tests.support.front_suite import BODY, OPEN, Call, FrontSuite, first_label
from tests.support.until import until
from tests.support.versions import add_version


class TestLocalFront(FrontSuite):
    @pytest.fixture
    def store(self, sqlite_store: Store) -> Store:
        return sqlite_store

    @pytest.fixture
    def front(self, counter: Counter) -> Front:
        return counter.front

    @pytest.fixture
    def base(self, counter: Counter) -> str:
        return counter.base

    @pytest.fixture
    def call(self, counter: Counter) -> Call:
        return lambda path: counter.call(path, BODY)[2]


@pytest.fixture
def here(sqlite_store: Store, tmp_path: Path) -> Iterator[Counter]:
    with Counter(sqlite_store, tmp_path / "cache") as running:
        yield running


class Asking:
    """A request on its way, in a thread of its own."""

    def __init__(self, counter: Counter) -> None:
        self.said: Any = None
        self._thread = threading.Thread(target=self._ask, args=(counter,))
        self._thread.start()

    def _ask(self, counter: Counter) -> None:
        self.said = counter.call("/api/image/cats", BODY)[2]

    def answer(self) -> Any:
        self._thread.join(20)
        return self.said


def test_a_request_ends_on_the_model_it_began_with_which_is_let_go_of_after_it(
    here: Counter, sqlite_store: Store
) -> None:
    old = add_version(sqlite_store, labels=("a", "b"))
    new = add_version(sqlite_store, labels=("x", "y"), network_seed=3)
    publish(sqlite_store, here.front, old.id, "cats", OPEN)
    first = here.engines[0]
    first.gate.clear()
    while first.entered.acquire(blocking=False):
        pass  # what the parity pictures left
    asking = Asking(here)
    assert first.entered.acquire(timeout=10)
    publish(sqlite_store, here.front, new.id, "cats")
    assert first_label(here.call("/api/image/cats", BODY)[2]) == "x"
    assert here.front.leaving == 1
    assert not first.closed
    first.gate.set()
    assert first_label(asking.answer()) == "a"
    until(lambda: first.closed)
    assert here.front.leaving == 0
    assert not here.engines[1].closed


def test_the_job_of_a_caller_who_left_is_waited_for_too(here: Counter, sqlite_store: Store) -> None:
    """Nobody is in the request any more, yet the model is still at work on it."""
    publish(sqlite_store, here.front, add_version(sqlite_store).id, "cats", OPEN)
    engine = here.engines[0]
    engine.gate.clear()
    while engine.entered.acquire(blocking=False):
        pass
    with pytest.raises(TimeoutError):
        here.call("/api/image/cats", BODY, timeout=0.5)
    assert engine.entered.acquire(timeout=10)
    until(lambda: "fenlei_in_flight 0.0" in here.app._metrics.page().decode())
    for seed in (3, 4):
        publish(sqlite_store, here.front, add_version(sqlite_store, network_seed=seed).id, "cats")
    until(lambda: here.engines[1].closed)  # those that leave were looked at
    assert not engine.closed
    engine.gate.set()
    until(lambda: engine.closed)


def test_models_on_one_backbone_share_an_engine_through_every_change(here: Counter, sqlite_store: Store) -> None:
    versions = [add_version(sqlite_store, labels=("a", "b"), head_seed=seed) for seed in range(3)]
    publish(sqlite_store, here.front, versions[0].id, "cats", OPEN)
    publish(sqlite_store, here.front, versions[0].id, "more", OPEN)
    for version in versions:
        publish(sqlite_store, here.front, version.id, "cats")
    until(lambda: here.front.leaving == 0)
    assert len(here.engines) == 1
    assert not here.engines[0].closed
    for name in ("cats", "more"):
        with sqlite_store.reading() as work:
            deployment = work.deployments.named(name)
        assert deployment is not None
        stop(sqlite_store, here.front, deployment.id)
    until(lambda: here.engines[0].closed)


def test_the_figures_name_what_is_served_and_nothing_else(here: Counter, sqlite_store: Store) -> None:
    first, second = add_version(sqlite_store), add_version(sqlite_store, head_seed=1)
    third = add_version(sqlite_store, network_seed=3)

    def named() -> list[str]:
        page = here.app._metrics.page().decode()
        return [line for line in page.splitlines() if line.startswith("fenlei_model_info{")]

    deployment = publish(sqlite_store, here.front, first.id, "cats", OPEN).deployment
    before = named()
    assert len(before) == 1
    publish(sqlite_store, here.front, second.id, "cats")
    assert named() == before  # the same backbone, as many classes
    publish(sqlite_store, here.front, third.id, "cats")
    assert len(named()) == 1
    assert named() != before
    stop(sqlite_store, here.front, deployment.id)
    assert named() == []


def test_a_server_that_starts_comes_to_the_same_state(here: Counter, sqlite_store: Store, tmp_path: Path) -> None:
    keyed = publish(sqlite_store, here.front, add_version(sqlite_store).id, "cats")
    stopped = publish(sqlite_store, here.front, add_version(sqlite_store, "dogs").id, "dogs", OPEN).deployment
    stop(sqlite_store, here.front, stopped.id)
    with Counter(sqlite_store, tmp_path / "other") as again:
        path = keyed.url("").removeprefix("http://")
        assert again.call(path, BODY)[2]["code"] == 10000
        assert again.call("/api/image/cats", BODY)[2]["code"] == 2000
        assert again.call("/api/image/dogs", BODY)[2]["code"] == 1100
        assert again.front.condition(stopped.id).state is State.STOPPED


def test_a_restart_needs_the_model_files_of_nobody_else(here: Counter, sqlite_store: Store, tmp_path: Path) -> None:
    version = add_version(sqlite_store)
    publish(sqlite_store, here.front, version.id, "cats", OPEN)
    sqlite_store.blobs.remove([version.sha256])  # the store of blobs is out of reach
    with Counter(sqlite_store, tmp_path / "cache") as again:
        assert again.call("/api/image/cats", BODY)[2]["code"] == 10000


def test_a_damaged_copy_of_a_model_file_is_fetched_again(here: Counter, sqlite_store: Store, tmp_path: Path) -> None:
    version = add_version(sqlite_store)
    publish(sqlite_store, here.front, version.id, "cats", OPEN)
    copy = tmp_path / "cache" / "models" / f"{version.sha256}.fenlei"
    copy.write_bytes(copy.read_bytes()[:-1])
    with Counter(sqlite_store, tmp_path / "cache") as again:
        assert again.call("/api/image/cats", BODY)[2]["code"] == 10000
