"""Requests that nobody would think of, to every operation of the OpenAPI document, as each role and as nobody.

No answer is a 5xx, has a status that is not documented, or a body of another shape; nothing that the document forbids
is taken. A few requests for each operation here; `FENLEI_TEST_EXAMPLES=200` asks for as many instead.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from starlette.testclient import TestClient

from fenlei.api import Platform, make_api
from fenlei.projects.roles import Role
from fenlei.store import Blobs, Database, Store
from tests.integration.api.conftest import ClientFor
from tests.support.counter import Counter
from tests.support.models import LABELS
from tests.support.versions import add_version

API = "/api/v1"

Operation = APIOperation[Any, Any, Any, Any]

EXAMPLES = int(os.environ.get("FENLEI_TEST_EXAMPLES", "0"))
FEW = {None: (1, 0), Role.VIEWER: (1, 1), Role.LABELLER: (1, 1), Role.EDITOR: (1, 1), Role.OWNER: (2, 2)}
"""Requests that the document allows, and requests that it forbids, for each operation."""

LEFT_OUT = {
    # We send tokens of our own, which this check takes for made up ones.
    "ignored_auth",
    # Most that a schema allows cannot be done: names that are taken, ids of nothing, an export of what is no model.
    "positive_data_acceptance",
}


class Known:
    """Ids of what there is, by the names of the parameters and fields that ask for them."""

    def __init__(self, ids: dict[str, Any]) -> None:
        self._ids = ids

    def put_into(self, case: Any) -> None:
        """Let a request be about something that there is."""
        case.path_parameters = self._real(case.path_parameters or {})
        case.body = self._real(case.body)

    def _real(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: self._ids.get(name, self._real(each)) for name, each in value.items()}


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> list[Operation]:
    """All that can be asked. What takes things away comes last, and what would sign us out not at all."""
    nowhere = tmp_path_factory.mktemp("nowhere")
    store = Store(Database(nowhere / "fenlei.db"), Blobs(nowhere))
    app = make_api(Platform(store, nowhere, nowhere, "", hosts=frozenset({"*"})))
    schema: Any = schemathesis.openapi.from_asgi(f"{API}/openapi.json", app)
    found: list[Operation] = [result.ok() for result in schema.get_all_operations()]
    assert len(found) > 100
    found = [each for each in found if each.path not in {f"{API}/sign-out", f"{API}/me/password"}]
    return sorted(found, key=lambda each: each.method == "delete")


@pytest.fixture
def platform(platform: Platform, tmp_path: Path) -> Iterator[Platform]:
    with Counter(platform.store, tmp_path / "front") as counter:
        yield replace(platform, front=counter.front, base_url=counter.base, hosts=frozenset({"*"}))


@pytest.fixture
def known(client: TestClient, platform: Platform, animals: str) -> Known:
    """One of everything."""

    def made(path: str, body: dict[str, Any]) -> Any:
        answer = client.post(API + path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    version = made(f"/datasets/{animals}/versions", {})["id"]
    model = add_version(platform.store, labels=LABELS)
    deployment = made("/deployments", {"name": "cats", "model_version_id": model.id})["deployment"]["id"]
    upload = made(f"/datasets/{animals}/imports", {"source": {"kind": "upload"}})["id"]
    (run,) = client.get(f"{API}/runs?kind=import").json()["items"]
    label, other = client.get(f"{API}/datasets/{animals}/labels").json()
    return Known(
        {
            "dataset_id": animals,
            "label_id": label["id"],
            "into": other["id"],
            "to": made("/datasets", {"name": "Others"})["id"],
            "import_id": upload,
            "upload_id": made(f"/imports/{upload}/uploads", {"name": "a.zip", "size": 100})["id"],
            "version_id": version,
            "other_id": version,
            "dataset_version_id": version,
            "project_id": made("/projects", {"name": "Doors", "dataset_id": animals})["id"],
            "run_id": run["id"],
            "model_id": model.model_id,
            "model_version_id": model.id,
            "deployment_id": deployment,
            "key_id": client.get(f"{API}/deployments/{deployment}/keys").json()[0]["id"],
            "user_id": made("/users", {"name": "somebody"})["id"],
            "token_id": made("/tokens", {"name": "some token"})["id"],
            "picture_id": client.get(f"{API}/datasets/{animals}/pictures").json()["items"][0]["id"],
        }
    )


def checks() -> list[Any]:
    return [check for name, check in CHECKS._items.items() if name not in LEFT_OUT]


@pytest.mark.parametrize(
    ("role", "kind"), [*((role, "sqlite-disk") for role in (None, *Role)), (Role.OWNER, "postgres-s3")]
)
def test_nothing_that_is_sent_is_answered_otherwise_than_documented(
    operations: list[Operation], platform: Platform, client_for: ClientFor, known: Known, role: Role | None
) -> None:
    token = client_for(role).headers.get("authorization")
    headers = {} if token is None else {"authorization": token}
    app, (allowed, forbidden) = make_api(platform), FEW[role]
    found: list[str] = []
    for operation in operations:
        for mode, count in ((GenerationMode.POSITIVE, allowed), (GenerationMode.NEGATIVE, forbidden)):
            if not count:
                continue

            asked = itertools.count()

            def ask(case: Any, mode: GenerationMode = mode, asked: Iterator[int] = asked) -> None:
                if mode is GenerationMode.POSITIVE and next(asked) % 2 == 0:
                    known.put_into(case)
                case.validate_response(case.call(headers=headers, app=app), checks=checks())

            try:
                repeat(operation, mode, EXAMPLES or count, ask)
            except FailureGroup as group:
                found += [f"{operation.label}: {failure}" for failure in group.exceptions]
    assert not found, "\n\n".join(found)


def repeat(operation: Operation, mode: GenerationMode, count: int, ask: Callable[[Any], None]) -> None:
    """Let so many requests to one operation be asked."""

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        ask(case)

    one()
