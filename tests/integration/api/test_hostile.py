"""Requests that are meant to break something: each is answered with a sentence, none with a 5xx."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from tests.support.stores import KINDS

API = "/api/v1"
NOBODY = "ds_" + "0" * 26


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def told(client: TestClient, method: str, path: str, **options: object) -> tuple[int, str]:
    answer = client.request(method, API + path, **options)  # type: ignore[arg-type]
    error = answer.json()["error"]
    assert error["message"]
    assert 400 <= answer.status_code < 500, error
    return answer.status_code, error["type"]


BODIES = [
    '{"name": "a\\u0000b"}',
    '{"name": "a\\ud800b"}',
    '{"name": "ok", "note": "\\u0000"}',
    '{"name": "ok", "note": "\\udfff"}',
    '{"name": ' + "9" * 5000 + "}",
    '{"name": NaN}',
    '{"name": {"name": "x"}}',
    "[" * 100_000,
    '{"name": "' + "x" * 100_000 + '"}',
    '{"name": "\u202e\u0007"}',
    '{"name": " \u200b\t"}',
    "null",
    "",
    "name=x",
    "\ufeff{}",
]

NUMBERS = [0, -1, 2**31, 2**62, 2**63, 2**64, 10**400, "1e3", "٣", "0x10", ""]

PATHS = [
    "/datasets/%ff",
    "/datasets/%00",
    "/datasets/..%2f..%2fetc",
    f"/datasets/{NOBODY}%0a",
    f"/datasets/{NOBODY}%00",
    f"/datasets/{NOBODY.upper()}",
    "/datasets/" + "d" * 5000,
    "/datasets/%ed%a0%80",
]

CURSORS = ["", "'; DROP TABLE users", "%00", "x" * 65, "ds 1", "\u0000", "é"]

TAGS = ['"', '"-1"', '"1e3"', '"' + "9" * 40 + '"', "W/", '"a"', "*, 1"]


def test_bodies(client: TestClient) -> None:
    headers = {"content-type": "application/json"}
    for body in BODIES:
        status, _ = told(client, "POST", "/datasets", content=body.encode("utf-8", "surrogatepass"), headers=headers)
        assert status in {400, 422}, body[:80]


def test_moments(client: TestClient) -> None:
    for moment in (
        1_900_000_000,
        "1900000000",
        1.5,
        True,
        "2030-01-01",
        "2030-01-01T00:00:00",
        "9999-12-31T23:59-12:00",
    ):
        told(client, "POST", "/tokens", json={"name": "x", "expires_at": moment})
    assert client.post(f"{API}/tokens", json={"name": "x", "expires_at": "2030-01-01T00:00:00+02:00"}).is_success


def test_a_model_file_of_nothing_is_none(client: TestClient) -> None:
    assert told(client, "POST", "/model-files", content=b"") == (422, "not-possible")


def test_numbers(client: TestClient) -> None:
    for number in NUMBERS:
        told(client, "GET", f"/pictures/{number}")
        told(client, "GET", f"/datasets/{NOBODY}/versions", params={"after": number})
        if number != 2**31:  # that one could be a number of ours
            assert told(client, "GET", "/audit", params={"after": number})[0] == 422


def test_paths(client: TestClient) -> None:
    for path in PATHS:
        assert told(client, "GET", path)[0] in {404, 422}, path


def test_cursors(client: TestClient) -> None:
    for after in CURSORS:
        assert told(client, "GET", "/datasets", params={"after": after})[0] == 422, after


def test_tags(client: TestClient) -> None:
    for tag in TAGS:
        assert told(client, "DELETE", f"/datasets/{NOBODY}", headers={"if-match": tag})[0] == 422, tag


def test_a_text_is_never_a_statement(client: TestClient, animals: str) -> None:
    for text in ("'", '"', "%", "_", "\\", "') OR 1=1 --"):
        answer = client.get(f"{API}/datasets/{animals}/pictures", params={"text": text})
        assert answer.status_code == 200
        assert answer.json()["total"] == 0


def test_names_of_files_become_no_paths_and_no_headers(client: TestClient, animals: str) -> None:
    picture = client.get(f"{API}/datasets/{animals}/pictures").json()["items"][0]["id"]
    name = 'a"; filename=evil.exe; x="é'
    assert client.patch(f"{API}/pictures/{picture}", json={"name": name}).is_success
    said = client.get(f"{API}/pictures/{picture}/file").headers["content-disposition"]
    assert said.split(";")[1].strip() == 'filename="a__ filename=evil.exe_ x=__"'
    assert told(client, "PATCH", f"/pictures/{picture}", json={"name": "a\r\nset-cookie: x"})[0] == 422


def test_many_ids_are_counted_before_they_are_looked_up(client: TestClient, animals: str) -> None:
    body = {"pictures": {"ids": [1] * 100_001}, "removed": True}
    assert told(client, "PATCH", f"/datasets/{animals}/pictures", json=body)[0] == 422
    body = {"pictures": {"ids": list(range(1, 50_000))}, "removed": True}
    assert told(client, "PATCH", f"/datasets/{animals}/pictures", json=body)[0] == 404
    assert json.loads(client.get(f"{API}/datasets/{animals}").text)["pictures"] == 5
