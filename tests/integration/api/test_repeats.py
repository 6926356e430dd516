"""Idempotency keys."""

from __future__ import annotations

from starlette.testclient import TestClient

from fenlei.projects.roles import Role
from tests.integration.api.conftest import ClientFor

KEY = {"idempotency-key": "4f2b"}


def test_a_call_that_is_sent_twice_is_carried_out_once(client: TestClient) -> None:
    answers = [client.post("/api/v1/users", json={"name": "ann"}, headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].headers["etag"] == answers[1].headers["etag"]
    assert answers[1].headers["idempotency-replayed"] == "true"


def test_the_same_key_with_another_request_is_an_error(client: TestClient) -> None:
    client.post("/api/v1/users", json={"name": "ann"}, headers=KEY)
    answer = client.post("/api/v1/users", json={"name": "bob"}, headers=KEY)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "Idempotency-Key"


def test_a_call_that_failed_may_be_tried_again_under_its_key(client: TestClient) -> None:
    client.post("/api/v1/users", json={"name": "ann"})
    assert client.post("/api/v1/users", json={"name": "ann"}, headers=KEY).status_code == 409
    user = client.get("/api/v1/users").json()["items"][-1]
    client.patch(f"/api/v1/users/{user['id']}", json={"name": "anna"})
    assert client.post("/api/v1/users", json={"name": "ann"}, headers=KEY).status_code == 201


def test_nobody_meets_the_answers_of_somebody_else(client_for: ClientFor) -> None:
    bodies = [
        client_for(role).post("/api/v1/sign-in", json={"name": "x", "password": "y"}, headers=KEY).status_code
        for role in (Role.OWNER, Role.EDITOR)
    ]
    assert bodies == [401, 401]
    made = client_for(Role.OWNER).post("/api/v1/users", json={"name": "ann"}, headers={"idempotency-key": "b"})
    other = client_for(Role.EDITOR).post("/api/v1/users", json={"name": "ann"}, headers={"idempotency-key": "b"})
    assert (made.status_code, other.status_code) == (201, 403)
