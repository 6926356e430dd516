"""Every operation that changes something, carried out once: what holds for one holds for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from fenlei.api import Platform, all_routes, make_app
from fenlei.projects.roles import Role
from tests.integration.api.changes import STAGES, Change, Walk
from tests.integration.api.conftest import ClientFor, Finish
from tests.integration.api.everything import everything_on
from tests.support.counter import Counter

UNWRITTEN = {
    # Nothing changes by looking, nor by sending: the beginning and the commit of an import are written down,
    "look_into_import",
    "new_upload",
    "send_file",
    "send_piece",
    "end_upload",
    # and the model version that a file becomes.
    "send_model_file",
    "end_model_file",
    "try_onnx_file",
    "try_deployment",
    "explain_answer",
    "check_graph",
}
"""What leaves no line in the audit log."""

UNREPEATABLE = {"sign_in_here", "send_model_file", "try_deployment", "explain_answer", "check_graph"}
"""Calls that take no idempotency key: a cookie is not kept, bodies without end are not either, and to look at a graph
twice is the same."""


@dataclass
class Seen:
    """What was seen of one change.

    Attributes:
        status: of its answer.
        tagged: whether it said a revision.
        stale: status of the same call with another revision than the present; None where it takes none.
        written: lines that it left in the audit log, as (action, who).
        again: status of the same call under the same key; None where it is not sent again.
        replayed: whether that was said to be the first answer again.
        same: whether it was.
        twice: lines that the second call left.
    """

    status: int
    tagged: bool
    stale: int | None
    written: list[tuple[str, str]]
    again: int | None
    replayed: bool
    same: bool
    twice: int


@pytest.fixture
def platform(platform: Platform, tmp_path: Path) -> Iterator[Platform]:
    with Counter(platform.store, tmp_path / "front") as counter:
        yield replace(platform, front=counter.front, base_url=counter.base)


@pytest.fixture
def document(platform: Platform) -> dict[str, dict[str, Any]]:
    """Operations by their names."""
    paths = make_app(platform).openapi()["paths"]
    return {operation["operationId"]: operation for item in paths.values() for operation in item.values()}


@pytest.fixture
def seen(
    platform: Platform, client_for: ClientFor, animals: str, finish: Finish, document: dict[str, dict[str, Any]]
) -> dict[str, Seen]:
    client = client_for(Role.OWNER)
    walk = Walk(everything_on(platform, client, animals), client, platform, finish)
    routes = {route.name: (next(iter(route.methods or ())), path) for path, route in all_routes()}
    found: dict[str, Seen] = {}
    for stage in STAGES:
        for change in stage(walk):
            found[change.name] = look_at(walk, change, *routes[change.name], document[change.name])
    return found


def look_at(walk: Walk, change: Change, method: str, path: str, operation: dict[str, Any]) -> Seen:
    """Carry a change out, look at what it left, and try it again."""
    client, url = walk.client, path.format(**change.path)
    parameters = [each.get("name", each.get("$ref", "").rpartition("/")[2]) for each in operation.get("parameters", [])]

    def sent(**headers: str) -> Any:
        asked = TestClient(client.app, base_url=str(client.base_url)) if change.name == "sign_in_here" else client
        return asked.request(method, url, headers=headers, **change.options)

    def written() -> list[tuple[int, str, str]]:
        return [(each["id"], each["action"], each["user_name"]) for each in walk.ask("/audit?limit=500")["items"]]

    before = written()
    stale = sent(**{"if-match": '"999999"'}).status_code if "if-match" in parameters else None
    assert written() == before, f"{change.name} was refused and is in the audit log"
    key = {"idempotency-key": f"of {change.name}"} if "Idempotency-Key" in parameters else {}
    answer = sent(**key)
    assert answer.is_success, f"{change.name}: {answer.text}"
    walk.made[change.name] = answer.json() if answer.content else None
    after = written()
    again = sent(**key) if key else None
    return Seen(
        status=answer.status_code,
        tagged="etag" in answer.headers,
        stale=stale,
        written=[line[1:] for line in after if line not in before],
        again=None if again is None else again.status_code,
        replayed=again is not None and again.headers.get("idempotency-replayed") == "true",
        same=again is not None and again.content == answer.content,
        twice=len(written()) - len(after),
    )


def test_every_change_is_written_down_refused_when_stale_and_repeated_without_harm(
    seen: dict[str, Seen], document: dict[str, dict[str, Any]]
) -> None:
    changing = {route.name for _, route in all_routes() if set(route.methods or ()) - {"GET", "HEAD"}}
    assert set(seen) == changing, "one request for each"

    unwritten = {name for name, each in seen.items() if not each.written}
    assert unwritten == UNWRITTEN
    assert {who for each in seen.values() for _, who in each.written} == {"a owner"}
    assert all(len(each.written) == 1 for name, each in seen.items() if name not in UNWRITTEN)

    guarded = {name: each.stale for name, each in seen.items() if each.stale is not None}
    assert len(guarded) > 25
    assert set(guarded.values()) == {412}, guarded

    posts = {route.name for _, route in all_routes() if "POST" in (route.methods or ())}
    assert {name for name, each in seen.items() if each.again is not None} == posts - UNREPEATABLE
    for name in posts - UNREPEATABLE:
        each, shows_secret = seen[name], document[name].get("x-shows-secret", False)
        expected = (409, False, False, 0) if shows_secret else (each.status, True, True, 0)
        assert (each.again, each.replayed, each.same, each.twice) == expected, name

    for name, each in seen.items():
        documented = "ETag" in document[name]["responses"][str(each.status)].get("headers", {})
        assert each.tagged == documented, name
