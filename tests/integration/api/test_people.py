"""Signing in, people, tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from fenlei.api import Platform
from fenlei.projects import sign_in as signing_in
from fenlei.projects.roles import Role
from fenlei.projects.sign_in import FREE_FAILURES, LINK_LASTS, SIGN_IN_LASTS, make_sign_in_link
from fenlei.projects.tokens import make_token
from fenlei.projects.users import change_user, first_owner
from fenlei.projects.who import Who
from fenlei.store import now
from tests.integration.api.conftest import ClientFor

PASSWORD = "a few good words"


@pytest.fixture
def ann(client: TestClient) -> str:
    """The id of somebody with a password."""
    answer = client.post("/api/v1/users", json={"name": "Ann", "role": "editor", "password": PASSWORD})
    assert answer.status_code == 201
    return str(answer.json()["id"])


def enter(browser: TestClient, name: str = "ann", password: str = PASSWORD) -> int:
    return browser.post("/api/v1/sign-in", json={"name": name, "password": password}).status_code


def test_a_link_signs_in_once(platform: Platform, owner: Who, nobody: TestClient) -> None:
    link = make_sign_in_link(platform.store, owner.user_id)
    answer = nobody.post("/api/v1/sign-in", json={"link": link})
    assert answer.status_code == 200
    assert answer.json()["role"] == "owner"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert nobody.get("/api/v1/me").json()["name"] == "owner"
    nobody.cookies.clear()
    assert nobody.post("/api/v1/sign-in", json={"link": link}).status_code == 401
    assert nobody.get("/api/v1/me").status_code == 401


def test_the_owner_sets_a_password_and_signs_in_with_it(platform: Platform, owner: Who, nobody: TestClient) -> None:
    nobody.post("/api/v1/sign-in", json={"link": make_sign_in_link(platform.store, owner.user_id)})
    assert nobody.put("/api/v1/me/password", json={"password": "short"}).status_code == 422
    assert nobody.put("/api/v1/me/password", json={"password": PASSWORD}).status_code == 204
    nobody.cookies.clear()
    assert enter(nobody, "owner") == 200
    assert nobody.put("/api/v1/me/password", json={"password": "another few words"}).status_code == 403
    assert nobody.put("/api/v1/me/password", json={"password": "another few words", "current": PASSWORD}).is_success


def test_a_wrong_name_and_a_wrong_password_answer_alike(ann: str, nobody: TestClient) -> None:
    answers = [
        nobody.post("/api/v1/sign-in", json={"name": name, "password": "not the right words"})
        for name in ("ann", "nobody of this name")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["error"]["message"] for answer in answers}) == 1


def test_whoever_guesses_has_to_wait_even_with_the_right_password(ann: str, nobody: TestClient) -> None:
    assert [enter(nobody, password="wrong") for _ in range(FREE_FAILURES)] == [401] * FREE_FAILURES
    answer = nobody.post("/api/v1/sign-in", json={"name": "ANN", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Lets time pass for signing in."""
    return lambda passed: monkeypatch.setattr(signing_in, "now", lambda: now() + passed)


def test_whoever_has_waited_is_heard_again(ann: str, nobody: TestClient, later: Callable[[timedelta], None]) -> None:
    for _ in range(FREE_FAILURES):
        enter(nobody, password="wrong")
    waits = nobody.post("/api/v1/sign-in", json={"name": "ann", "password": PASSWORD}).headers["retry-after"]
    later(timedelta(seconds=int(waits) + 1))
    assert enter(nobody) == 200


def test_an_address_that_guesses_many_names_has_to_wait_too(ann: str, nobody: TestClient) -> None:
    found = [enter(nobody, name=f"name {number}", password="wrong") for number in range(4 * FREE_FAILURES + 1)]
    assert found == [401] * 4 * FREE_FAILURES + [429]
    assert enter(nobody) == 429


def test_links_and_sign_ins_run_out(
    platform: Platform, owner: Who, nobody: TestClient, later: Callable[[timedelta], None]
) -> None:
    good, old = (make_sign_in_link(platform.store, owner.user_id) for _ in range(2))
    assert nobody.post("/api/v1/sign-in", json={"link": good}).status_code == 200
    later(LINK_LASTS + timedelta(seconds=1))
    assert nobody.get("/api/v1/me").status_code == 200
    assert nobody.post("/api/v1/sign-in", json={"link": old}).status_code == 401
    later(SIGN_IN_LASTS + timedelta(seconds=1))
    assert nobody.get("/api/v1/me").status_code == 401


def test_signing_out_ends_this_browser_and_everywhere_ends_all(ann: str, client_for: ClientFor) -> None:
    browser = client_for(None)
    assert enter(browser) == 200
    first = dict(browser.cookies)
    assert enter(browser) == 200
    assert browser.post("/api/v1/sign-out").status_code == 204
    browser.cookies.update(first)
    assert browser.get("/api/v1/me").status_code == 200
    assert browser.post("/api/v1/sign-out?everywhere=true").status_code == 204
    browser.cookies.update(first)
    assert browser.get("/api/v1/me").status_code == 401


def test_who_is_disabled_is_out_at_once(ann: str, client: TestClient, nobody: TestClient) -> None:
    assert enter(nobody) == 200
    assert client.patch(f"/api/v1/users/{ann}", json={"disabled": True}).status_code == 200
    assert nobody.get("/api/v1/me").status_code == 401
    assert enter(nobody) == 401
    assert client.patch(f"/api/v1/users/{ann}", json={"disabled": False}).status_code == 200
    assert enter(nobody) == 200


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(
    ann: str, client: TestClient, nobody: TestClient
) -> None:
    assert enter(nobody) == 200
    assert client.put(f"/api/v1/users/{ann}/password", json={"password": "entirely new words"}).status_code == 204
    assert nobody.get("/api/v1/me").status_code == 401
    assert enter(nobody, password="entirely new words") == 200


def test_the_last_owner_stays(client: TestClient, owner: Who) -> None:
    """There are two here: the first one, and the one whose token the tests use."""
    mine = client.get("/api/v1/me").json()["id"]
    assert client.patch(f"/api/v1/users/{owner.user_id}", json={"role": "viewer"}).status_code == 200
    answer = client.patch(f"/api/v1/users/{mine}", json={"disabled": True})
    assert answer.status_code == 409
    assert "last owner" in answer.json()["error"]["message"]


def test_the_first_owner_is_one_who_can_sign_in(platform: Platform, owner: Who, client: TestClient) -> None:
    other = Who(client.get("/api/v1/me").json()["id"], "other", Role.OWNER)
    change_user(platform.store, owner.user_id, other, disabled=True)
    assert first_owner(platform.store).id == other.user_id


def test_names_are_taken_once_in_whatever_case(ann: str, client: TestClient) -> None:
    assert client.post("/api/v1/users", json={"name": "aNN"}).status_code == 409


@pytest.mark.parametrize("name", ["Änne", "李雷", "ÉMILE", "İpek"])
def test_whoever_has_other_letters_signs_in_too(client: TestClient, nobody: TestClient, name: str) -> None:
    """SQLite folds no letters but a to z."""
    assert client.post("/api/v1/users", json={"name": name, "password": PASSWORD}).status_code == 201
    assert enter(nobody, name) == 200
    assert enter(nobody, name.swapcase()) == 200
    assert client.post("/api/v1/users", json={"name": name.swapcase()}).status_code == 409


def test_a_change_of_what_was_changed_meanwhile_is_refused(ann: str, client: TestClient) -> None:
    tag = client.get(f"/api/v1/users/{ann}").headers["etag"]
    assert client.patch(f"/api/v1/users/{ann}", json={"name": "Anna"}, headers={"if-match": tag}).status_code == 200
    answer = client.patch(f"/api/v1/users/{ann}", json={"name": "Anne"}, headers={"if-match": tag})
    assert answer.status_code == 412
    assert answer.json()["error"]["type"] == "changed-meanwhile"


def test_users_come_in_pages(client: TestClient) -> None:
    for number in range(5):
        client.post("/api/v1/users", json={"name": f"user {number}"})
    names, after = [], None
    while True:
        page = client.get("/api/v1/users", params={"limit": 2, **({"after": after} if after else {})}).json()
        names += [user["name"] for user in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert names[-5:] == [f"user {number}" for number in range(5)]
    assert len(names) == len(set(names))


def test_a_token_can_do_what_its_role_can_until_it_is_revoked(client: TestClient, nobody: TestClient) -> None:
    made = client.post("/api/v1/tokens", json={"name": "ci", "role": "viewer"}).json()
    key = {"authorization": f"Bearer {made['secret']}"}
    assert nobody.get("/api/v1/me", headers=key).json()["role"] == "viewer"
    assert nobody.get("/api/v1/users", headers=key).status_code == 403
    assert "secret" not in client.get("/api/v1/tokens").json()[0]
    assert client.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert nobody.get("/api/v1/me", headers=key).status_code == 401
    assert client.delete(f"/api/v1/tokens/{made['id']}").status_code == 404


def test_nobody_makes_a_token_that_can_do_more_than_they(client_for: ClientFor) -> None:
    assert client_for(Role.EDITOR).post("/api/v1/tokens", json={"name": "x", "role": "owner"}).status_code == 403


def test_a_token_of_little_is_no_way_to_more(platform: Platform, owner: Who, nobody: TestClient) -> None:
    """With a password that a viewer's token has set one could sign in as the owner."""
    little = make_token(platform.store, owner, "ci", Role.VIEWER, None)
    head = {"authorization": f"Bearer {little.secret}"}
    answer = nobody.put("/api/v1/me/password", json={"password": PASSWORD}, headers=head)
    assert answer.status_code == 403
    assert enter(nobody, owner.name) == 401
    whole = make_token(platform.store, owner, "mine", Role.OWNER, None)
    head = {"authorization": f"Bearer {whole.secret}"}
    assert nobody.put("/api/v1/me/password", json={"password": PASSWORD}, headers=head).status_code == 204


def test_a_token_that_has_run_out_is_none(client: TestClient, nobody: TestClient) -> None:
    made = client.post("/api/v1/tokens", json={"name": "x", "expires_at": "2020-01-01T00:00:00Z"}).json()
    assert nobody.get("/api/v1/me", headers={"authorization": f"Bearer {made['secret']}"}).status_code == 401


def test_no_secret_lies_in_the_database(client: TestClient, platform: Platform, ann: str) -> None:
    head = {"idempotency-key": "once"}
    token = client.post("/api/v1/tokens", json={"name": "x"}, headers=head).json()["secret"]
    link = client.post(f"/api/v1/users/{ann}/sign-in-link").json()["url"].split("=")[1]
    again = client.post("/api/v1/tokens", json={"name": "x"}, headers=head)
    assert again.status_code == 409
    folder = platform.store.database.file
    if folder is None:
        pytest.skip("the file is searched, and this database is on a server")
    kept = b"".join(Path(each).read_bytes() for each in folder.parent.glob("fenlei.db*"))
    for secret in (token, link, PASSWORD):
        assert secret.encode() not in kept


def test_changes_are_written_down_with_who_made_them(client: TestClient, ann: str) -> None:
    client.patch(f"/api/v1/users/{ann}", json={"role": "labeller"})
    entries = client.get("/api/v1/audit", params={"object_id": ann}).json()["items"]
    assert [entry["action"] for entry in entries] == ["user.change", "user.add"]
    assert entries[0]["user_name"] == "a owner"
    assert entries[0]["token_id"].startswith("tk_")


def test_one_of_ones_browsers_is_signed_out_from_another(ann: str, client_for: ClientFor) -> None:
    browser = client_for(None)
    assert enter(browser) == 200
    first = dict(browser.cookies)
    assert enter(browser) == 200
    listed = browser.get("/api/v1/me/sign-ins").json()
    assert [each["current"] for each in listed] == [True, False]
    assert browser.delete(f"/api/v1/me/sign-ins/{listed[1]['id']}").status_code == 204
    assert browser.delete(f"/api/v1/me/sign-ins/{listed[1]['id']}").status_code == 404
    assert browser.get("/api/v1/me").status_code == 200
    browser.cookies.clear()
    browser.cookies.update(first)
    assert browser.get("/api/v1/me").status_code == 401
