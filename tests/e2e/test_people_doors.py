"""People of a platform that runs: the first sign-in, others, tokens and the audit log, in Python and by commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from fenlei.cli import app
from fenlei.client.management import ChangedMeanwhile, Conflict, NotAllowed, NotSignedIn, Platform, TryLater
from fenlei.projects.sign_in import FREE_FAILURES
from tests.support.platform_process import PlatformProcess

WORDS = "a few good words"

Said = Callable[..., Any]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    with PlatformProcess(tmp_path_factory.mktemp("people") / "workspace", workers=0) as running:
        yield running


@pytest.fixture(scope="module")
def token(platform: PlatformProcess) -> str:
    """Of the owner, who has entered by the printed link and set a password."""
    with Platform.by_link(platform.link) as entered:
        assert entered.people.me().password_set is False
        entered.people.set_my_password(WORDS)
        made = entered.tokens.make("people", "owner")
    assert made.secret
    return made.secret


@pytest.fixture
def owner(platform: PlatformProcess, token: str) -> Iterator[Platform]:
    with Platform(platform.base, token) as entered:
        yield entered


@pytest.fixture
def said(platform: PlatformProcess, token: str) -> Said:
    """Runs a command, and gives what it printed."""
    runner = CliRunner(env={"FENLEI_SERVER": platform.base, "FENLEI_TOKEN": token, "COLUMNS": "200"})

    def run(*words: str) -> Any:
        result = runner.invoke(app, [*words])
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.stdout) if "--json" in words else result.stdout

    return run


def test_the_printed_link_enters_once_and_then_the_password_does(platform: PlatformProcess, token: str) -> None:
    with pytest.raises(NotSignedIn):
        Platform.by_link(platform.link)
    with Platform.by_password(platform.base, "OWNER", WORDS) as entered:
        assert entered.people.me().role == "owner"
        with pytest.raises(NotAllowed):
            entered.people.set_my_password("other good words", current="not these")


def test_sign_ins_are_seen_and_ended(platform: PlatformProcess, token: str) -> None:
    first, second = (Platform.by_password(platform.base, "owner", WORDS) for _ in range(2))
    with first, second:
        others = [each for each in second.people.sign_ins() if not each.current]
        second.people.end_sign_in(others[0].id)
        with pytest.raises(NotSignedIn):
            first.people.me()
        second.people.sign_out(everywhere=True)
        with pytest.raises(NotSignedIn):
            second.people.me()


def test_people_come_change_and_are_kept_out_in_python(platform: PlatformProcess, owner: Platform) -> None:
    added = owner.people.add("Änne", "viewer")
    with Platform.by_link(owner.people.sign_in_link(added.id)) as entered:
        assert entered.people.me().id == added.id
        with pytest.raises(NotAllowed):
            list(entered.people.list())
        now = owner.people.change(added.id, role="editor", revision=added.revision)
        assert entered.people.me().role == now.role == "editor"
        with pytest.raises(ChangedMeanwhile):
            owner.people.change(added.id, role="owner", revision=added.revision)
        owner.people.set_password(added.id, WORDS)
        with pytest.raises(NotSignedIn):
            entered.people.me()
    with Platform.by_password(platform.base, "änne", WORDS) as entered:
        assert owner.people.change(added.id, disabled=True).disabled_at
        with pytest.raises(NotSignedIn):
            entered.people.me()
    assert owner.people.get(added.id).password_set
    me = owner.people.me()
    with pytest.raises(Conflict, match="last owner"):
        owner.people.change(me.id, role="viewer")
    entries = list(owner.people.audit(object_id=added.id))
    assert [each.action for each in entries] == [
        "user.change",
        "user.password",
        "user.change",
        "user.sign-in-link",
        "user.add",
    ]
    assert {each.user_id for each in owner.people.audit(user_id=me.id)} == {me.id}


def test_people_and_tokens_are_handled_by_commands(platform: PlatformProcess, owner: Platform, said: Said) -> None:
    link = said("people", "add", "Bob", "--role", "labeller").strip()
    assert "#link=" in link
    assert [each["name"] for each in said("people", "list", "--json") if each["role"] == "labeller"] == ["Bob"]
    with Platform.by_link(said("people", "link", "Bob").strip()) as bob:
        said("people", "change", "Bob", "--role", "editor", "--name", "Robert")
        assert (bob.people.me().name, bob.people.me().role) == ("Robert", "editor")
        said("people", "change", "Robert", "--disable")
        with pytest.raises(NotSignedIn):
            bob.people.me()
    secret = said("tokens", "make", "nightly", "--role", "viewer", "--days", "1").strip()
    with Platform(platform.base, secret) as machine:
        assert machine.people.me().role == "viewer"
        (kept,) = [each for each in said("tokens", "list", "--json") if each["name"] == "nightly"]
        assert secret.startswith(kept["beginning"])
        assert kept["expires_at"]
        assert kept["secret"] is None
        said("tokens", "revoke", kept["id"])
        with pytest.raises(NotSignedIn):
            machine.people.me()
    actions = [each["action"] for each in said("people", "audit", "--by", "owner", "--most", "3", "--json")]
    assert actions == ["token.revoke", "token.make", "user.change"]


def test_other_names_and_pages_of_others_are_refused_on_the_socket(platform: PlatformProcess, token: str) -> None:
    head = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{platform.base}/api/v1", headers=head, trust_env=False) as http:
        assert http.get("/me", headers={"host": "rebound.example"}).status_code == 403
        for origin in ("http://evil.example", "null", "http://["):
            answer = http.post("/datasets", json={"name": "x"}, headers={"origin": origin})
            assert (answer.status_code, answer.json()["error"]["type"]) == (403, "not-allowed")
            assert "access-control-allow-origin" not in answer.headers
        ours = http.post("/datasets", json={"name": "x"}, headers={"origin": platform.base})
        assert ours.status_code == 201


def test_whoever_guesses_a_password_has_to_wait(platform: PlatformProcess, owner: Platform) -> None:
    owner.people.add("Eve", "viewer", WORDS)
    for _ in range(FREE_FAILURES):
        with pytest.raises(NotSignedIn):
            Platform.by_password(platform.base, "Eve", "wrong words, all")
    with pytest.raises(TryLater) as waits:
        Platform.by_password(platform.base, "Eve", WORDS)
    assert waits.value.retry_after
