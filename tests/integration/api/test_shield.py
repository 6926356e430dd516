"""What the outermost layer lets through, and the shape of what it does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from fenlei.api.shield import MAX_CHUNK_BYTES, MAX_JSON_BYTES, MAX_MODEL_BYTES, MAX_TRY_BYTES

NOTHING = "0" * 26


def test_another_host_name_is_refused(client: TestClient) -> None:
    assert client.get("/api/v1/me", headers={"host": "rebound.example:8000"}).status_code == 403
    assert client.get("/api/v1/me", headers={"host": "localhost:8000"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9000", "null", "", "http://[", "http://½"])
def test_pages_of_other_sites_change_nothing(client: TestClient, origin: str) -> None:
    from_there = {"origin": origin.encode()}
    answer = client.post("/api/v1/users", json={"name": "x"}, headers=from_there)  # type: ignore[arg-type]
    assert answer.status_code == 403
    assert answer.json()["error"]["type"] == "not-allowed"
    read = client.get("/api/v1/me", headers=from_there)  # type: ignore[arg-type]
    assert read.status_code == 200
    asked = client.options("/api/v1/users", headers={**from_there, "access-control-request-method": "POST"})  # type: ignore[arg-type]
    for each in (answer, read, asked):
        assert not [name for name in each.headers if name.startswith("access-control-")]


def test_our_own_pages_may(client: TestClient) -> None:
    answer = client.post("/api/v1/users", json={"name": "x"}, headers={"origin": "http://127.0.0.1:8000"})
    assert answer.status_code == 201


def test_a_body_is_read_no_further_than_it_may_be_long(client: TestClient) -> None:
    announced = client.post("/api/v1/users", content=b"x" * (MAX_JSON_BYTES + 1))
    assert announced.status_code == 413
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b"x" * (MAX_JSON_BYTES // 16)

    assert client.post("/api/v1/users", content=pieces()).status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "most"),
    [
        ("POST", "/datasets", MAX_JSON_BYTES),
        ("PUT", f"/uploads/up_{NOTHING}?offset=0", MAX_CHUNK_BYTES),
        ("PUT", f"/imports/im_{NOTHING}/files?name=a.png", MAX_CHUNK_BYTES),
        ("POST", "/model-files", MAX_MODEL_BYTES),
        ("POST", f"/deployments/dp_{NOTHING}/try", MAX_TRY_BYTES),
    ],
)
def test_what_announces_itself_as_too_long_is_refused_before_it_is_read(
    client: TestClient, method: str, path: str, most: int
) -> None:
    for length in (str(most + 1), "9" * 30, "9" * 5000):
        answer = client.request(method, f"/api/v1{path}", content=b"", headers={"content-length": length})
        assert (answer.status_code, answer.json()["error"]["type"]) == (413, "too-large")
    fits = client.request(method, f"/api/v1{path}", content=b"", headers={"content-length": str(most)})
    assert fits.status_code != 413


def test_every_answer_has_an_id_and_forbids_sniffing_and_framing(client: TestClient) -> None:
    for path in ("/api/v1/me", "/api/v1/nothing"):
        headers = client.get(path).headers
        assert len(headers["x-request-id"]) == 32
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "taken"),
    [
        ("PUT", "/datasets", "GET, POST"),
        ("POST", f"/uploads/up_{NOTHING}", "DELETE, GET, HEAD, PUT"),
        # These end in a word that stands where others have an id.
        ("PATCH", f"/datasets/ds_{NOTHING}/labels/merge", "POST"),
        ("DELETE", f"/datasets/ds_{NOTHING}/labels/order", "PUT"),
        ("DELETE", "/model-files/check", "POST"),
    ],
)
def test_a_method_that_an_address_does_not_take_is_told_those_that_it_does(
    client: TestClient, method: str, path: str, taken: str
) -> None:
    answer = client.request(method, f"/api/v1{path}", json={"name": "x"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == taken


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "kind", "field"),
    [
        ("GET", "/api/v1/nothing", {}, 404, "not-found", None),
        ("DELETE", "/api/v1/me", {}, 405, "method-not-allowed", None),
        ("POST", "/api/v1/users", {"content": b"{"}, 400, "bad-request", None),
        ("POST", "/api/v1/users", {"content": b"\xff"}, 400, "bad-request", None),
        ("POST", "/api/v1/users", {"json": {"name": ""}}, 422, "invalid", "name"),
        ("POST", "/api/v1/users", {"json": {"name": "x", "colour": 1}}, 422, "invalid", "colour"),
        ("GET", "/api/v1/users?limit=0", {}, 422, "invalid", "limit"),
        ("GET", "/api/v1/users/us_00000000000000000000000000", {}, 404, "not-found", None),
        ("PATCH", "/api/v1/users/us_00000000000000000000000000", {"json": {}}, 404, "not-found", None),
    ],
)
def test_every_error_has_one_shape(
    client: TestClient, method: str, path: str, options: dict[str, object], status: int, kind: str, field: str | None
) -> None:
    if "content" in options:
        options["headers"] = {"content-type": "application/json"}
    answer = client.request(method, path, **options)  # type: ignore[arg-type]
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"type", "message", "field", "allowed", "request_id"}
    assert (error["type"], error["field"]) == (kind, field)
    assert error["request_id"] == answer.headers["x-request-id"]
    assert error["message"].endswith(".")
