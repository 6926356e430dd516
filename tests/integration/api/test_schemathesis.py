"""Requests that nobody would think of, to every operation of the OpenAPI document, as each role and as nobody.

No answer is a 5xx, has a status, a header or a body that is not documented; nothing that the document forbids is taken.
A few requests for each operation here. By hand as many as one likes, with every parameter at its limits too:

    python -m pytest tests/integration/api/test_schemathesis.py --requests 50
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fenlei.api import Platform, make_api
from fenlei.projects.roles import Role
from fenlei.store import Blobs, Database, Store
from tests.integration.api.conftest import ClientFor
from tests.integration.api.everything import Everything, everything_on
from tests.integration.api.strange_requests import ask_all, operations_of, thought_of
from tests.support.counter import Counter


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> list[list[Any]]:
    """To every operation; thought of once, and sent by everybody."""
    nowhere = tmp_path_factory.mktemp("nowhere")
    store = Store(Database(nowhere / "fenlei.db"), Blobs(nowhere))
    app = make_api(Platform(store, nowhere, nowhere, "", hosts=frozenset({"*"})))
    wanted = pytestconfig.getoption("--requests")
    found = [thought_of(each, wanted or 1, edges=wanted is not None) for each in operations_of(app)]
    assert len(found) > 100
    assert min(len(each) for each in found) >= 1
    return found


@pytest.fixture
def platform(platform: Platform, tmp_path: Path) -> Iterator[Platform]:
    platform.draining.set()  # so that following a run that waits comes to an end
    with Counter(platform.store, tmp_path / "front") as counter:
        yield replace(platform, front=counter.front, base_url=counter.base, hosts=frozenset({"*"}))


@pytest.fixture
def there(platform: Platform, client_for: ClientFor, animals: str) -> Everything:
    return everything_on(platform, client_for(Role.OWNER), animals)


@pytest.mark.parametrize(
    ("role", "kind"), [*((role, "sqlite-disk") for role in (None, *Role)), (Role.OWNER, "postgres-s3")]
)
def test_nothing_that_is_sent_is_answered_otherwise_than_documented(
    requests: list[list[Any]],
    platform: Platform,
    client_for: ClientFor,
    there: Everything,
    role: Role | None,
    kind: str,
    pytestconfig: pytest.Config,
    capsys: pytest.CaptureFixture[str],
) -> None:
    token = client_for(role).headers.get("authorization")
    headers = {} if token is None else {"authorization": token}
    asked = ask_all(requests, make_api(platform), headers, there)
    if pytestconfig.getoption("--requests") is not None:
        with capsys.disabled():
            print(f"\nas {role or 'nobody'} on {kind}: {asked}")
    assert not asked.findings, "\n\n".join(asked.findings)
    assert asked.requests == sum(len(each) for each in requests)
