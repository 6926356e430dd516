"""The management API over a real SQLite file, called as a client calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from fenlei.api import Platform, make_api
from fenlei.projects.roles import Role
from fenlei.projects.sign_in import make_sign_in_link, sign_in_by_link
from fenlei.projects.tokens import make_token
from fenlei.projects.users import add_user, first_owner
from fenlei.projects.who import Who
from fenlei.store import Blobs, Database, Store, bring_up_to_date

BASE = "http://127.0.0.1:8000"

ClientFor = Callable[[Role | None], TestClient]


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    database = Database(tmp_path / "fenlei.db")
    bring_up_to_date(database)
    store = Store(database, Blobs(tmp_path / "blobs"))
    yield Platform(store, tmp_path / "uploads", tmp_path / "cache", BASE)
    store.close()


@pytest.fixture
def owner(platform: Platform) -> Who:
    user = first_owner(platform.store)
    return sign_in_by_link(platform.store, make_sign_in_link(platform.store, user.id), "tests").who


@pytest.fixture
def client_for(platform: Platform, owner: Who) -> Iterator[ClientFor]:
    """Clients that are signed in with a token of each role, and one that is not."""
    clients: dict[Role | None, TestClient] = {}

    def client(role: Role | None) -> TestClient:
        if role not in clients:
            clients[role] = made = TestClient(make_api(platform), base_url=BASE, raise_server_exceptions=False)
            if role is not None:
                user = add_user(platform.store, f"a {role}", role, None, owner)
                token = make_token(platform.store, Who(user.id, user.name, role), "tests", role, None)
                made.headers["authorization"] = f"Bearer {token.secret}"
        return clients[role]

    yield client
    for each in clients.values():
        each.close()


@pytest.fixture
def nobody(client_for: ClientFor) -> TestClient:
    return client_for(None)


@pytest.fixture
def client(client_for: ClientFor) -> TestClient:
    """A client with the role that may do everything."""
    return client_for(Role.OWNER)
