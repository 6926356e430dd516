"""The management API over a real SQLite file, called as a client calls it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from fenlei.api import Platform, make_api
from fenlei.projects import passwords
from fenlei.projects.recipes import recipes
from fenlei.projects.roles import Role
from fenlei.projects.sign_in import make_sign_in_link, sign_in_by_link
from fenlei.projects.tokens import make_token
from fenlei.projects.users import add_user, first_owner
from fenlei.projects.who import Who
from fenlei.store.tables import Run
from tests.integration.datasets_store.importing import drawn, lay
from tests.support.networks import tiny_network
from tests.support.runs import work_off
from tests.support.stores import MakeStore

BASE = "http://127.0.0.1:8000"

ClientFor = Callable[[Role | None], TestClient]
Finish = Callable[[str], Run]


@pytest.fixture
def kind() -> str:
    """Of the store; `FENLEI_TEST_STORE=postgres-s3` runs all of these tests on the other one."""
    return os.environ.get("FENLEI_TEST_STORE", "sqlite-disk")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are dear on purpose; how dear is held in tests/unit/projects/test_passwords.py."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobody.cache_clear()


@pytest.fixture
def platform(make_store: MakeStore, kind: str, tmp_path: Path) -> Platform:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    return Platform(make_store(kind), tmp_path / "uploads", tmp_path / "cache", BASE, import_roots=(allowed,))


@pytest.fixture
def owner(platform: Platform) -> Who:
    user = first_owner(platform.store)
    return sign_in_by_link(platform.store, make_sign_in_link(platform.store, user.id), "tests").who


@pytest.fixture
def client_for(platform: Platform, owner: Who) -> Iterator[ClientFor]:
    """Clients that are signed in with a token of each role, and one that is not."""
    clients: dict[Role | None, TestClient] = {}
    with ExitStack() as stack:

        def client(role: Role | None) -> TestClient:
            if role not in clients:
                made = TestClient(make_api(platform), base_url=BASE, raise_server_exceptions=False)
                clients[role] = stack.enter_context(made)
                if role is not None:
                    user = add_user(platform.store, f"a {role}", role, None, owner)
                    token = make_token(platform.store, Who(user.id, user.name, role), "tests", role, None)
                    made.headers["authorization"] = f"Bearer {token.secret}"
            return clients[role]

        yield client


@pytest.fixture
def nobody(client_for: ClientFor) -> TestClient:
    return client_for(None)


@pytest.fixture
def client(client_for: ClientFor) -> TestClient:
    """A client with the role that may do everything."""
    return client_for(Role.OWNER)


@pytest.fixture
def finish(platform: Platform, tmp_path: Path) -> Finish:
    """Carries out all that is queued, as a worker would, and gives the run of an id. Models are of a tiny network."""
    backbone = tmp_path / "tiny.onnx"
    backbone.write_bytes(tiny_network(size=32, width=48))
    known = recipes(uploads=platform.uploads, cache=platform.cache, engine=platform.engine, backbone=str(backbone))

    def finish(run_id: str) -> Run:
        work_off(platform.store, known)
        with platform.store.reading() as work:
            return work.runs.get(run_id)

    return finish


@pytest.fixture
def animals(client: TestClient, platform: Platform, finish: Finish) -> str:
    """The id of a data set with two classes and five small pictures, which came through the front door."""
    folder = lay(
        platform.import_roots[0] / "animals", drawn("cat/1.png", "cat/2.png", "cat/3.png", "dog/1.png", "dog/2.png")
    )
    dataset = client.post("/api/v1/datasets", json={"name": "Animals"}).json()["id"]
    begun = client.post(
        f"/api/v1/datasets/{dataset}/imports", json={"source": {"kind": "path", "path": str(folder)}}
    ).json()
    run = client.post(f"/api/v1/imports/{begun['id']}/commit").json()
    assert finish(run["id"]).state == "done"
    return str(dataset)
