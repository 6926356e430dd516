"""Runs over HTTP: listed, cancelled, repeated, followed as they go on."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from fenlei.api import Platform, make_api
from fenlei.api.routes import events as events_route
from fenlei.projects.roles import Role
from fenlei.projects.who import Who
from fenlei.runs import RunContext, enqueue, transitions
from fenlei.store import now
from fenlei.store.events import NewEvent
from tests.integration.api.conftest import ClientFor
from tests.support.asgi import Caller
from tests.support.runs import claim, work_off
from tests.support.trainings import under_way

API = "/api/v1"
STREAM = {"accept": "text/event-stream"}


def queue(platform: Platform, kind: str = "check", by: str | None = None) -> str:
    with platform.store.writing() as work:
        return enqueue(work, kind=kind, subject={}, settings={}, by=by).id


def tell(platform: Platform, run: str, *texts: str) -> None:
    with platform.store.writing() as work:
        work.events.add(run, [NewEvent("log", {"text": text}, now()) for text in texts])


def end(platform: Platform, run: str) -> None:
    with platform.store.writing() as work:
        transitions.done(work, work.jobs.lock(run), {"answer": 42})


def sent(text: str) -> list[dict[str, Any]]:
    """The events of a stream, as a browser reads them."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if fields:
            event = json.loads(fields["data"])
            assert (str(event["id"]), event["kind"]) == (fields["id"], fields["event"])
            found.append(event)
    return found


def test_runs_are_listed_by_state_and_kind_with_their_place_in_the_queue(
    client: TestClient, platform: Platform
) -> None:
    first, second, third = queue(platform), queue(platform, "export"), queue(platform)
    end(platform, third)
    listed = client.get(f"{API}/runs").json()["items"]
    assert [(each["id"], each["position"]) for each in listed] == [(third, None), (second, 2), (first, 1)]
    assert [each["id"] for each in client.get(f"{API}/runs?state=queued&kind=check").json()["items"]] == [first]
    assert client.get(f"{API}/runs?state=queued&state=done&limit=1").json()["next"] == third
    assert client.get(f"{API}/runs?state=lost").status_code == 422
    assert client.get(f"{API}/runs/{third}").json()["result"] == {"answer": 42}


def test_a_queued_run_is_cancelled_and_repeated(client: TestClient, platform: Platform) -> None:
    run = queue(platform)
    assert client.post(f"{API}/runs/{run}/retry").status_code == 409
    assert client.post(f"{API}/runs/{run}/cancel").json()["state"] == "cancelled"
    again = client.post(f"{API}/runs/{run}/retry")
    assert again.status_code == 202
    assert (again.json()["retry_of"], again.json()["state"], again.json()["position"]) == (run, "queued", 1)
    end(platform, again.json()["id"])
    assert client.post(f"{API}/runs/{again.json()['id']}/cancel").status_code == 409


def test_a_running_one_is_asked_to_stop_and_killed_when_asked_twice_or_told_so_at_once(
    client: TestClient, platform: Platform
) -> None:
    def wanted(run: str) -> str | None:
        with platform.store.reading() as work:
            return work.jobs.get(run).cancel

    patient, other = queue(platform), queue(platform)
    for _ in range(2):
        claim(platform.store)
    assert client.post(f"{API}/runs/{patient}/cancel").json()["state"] == "running"
    assert wanted(patient) == "asked"
    client.post(f"{API}/runs/{patient}/cancel")
    assert wanted(patient) == "forced"
    client.post(f"{API}/runs/{other}/cancel?force=true")
    assert wanted(other) == "forced"


def test_a_labeller_cancels_what_they_asked_for_and_no_more(client_for: ClientFor, platform: Platform) -> None:
    labeller = client_for(Role.LABELLER)
    mine = queue(platform, by=labeller.get(f"{API}/me").json()["id"])
    assert labeller.post(f"{API}/runs/{queue(platform)}/cancel").status_code == 403
    assert labeller.post(f"{API}/runs/{mine}/cancel").status_code == 200


def test_a_training_under_way_shows_its_board_gives_its_best_and_is_ended_with_it(
    client: TestClient, client_for: ClientFor, platform: Platform, animals: str
) -> None:
    body = {"name": "p", "dataset_id": animals, "settings": {"budget": 60, "aim": "macro-F1"}}
    project = client.post(f"{API}/projects", json=body).json()
    assert project["settings"]["aim"] == "macro-F1"
    run = client.post(f"{API}/projects/{project['id']}/runs", json={}).json()["id"]
    assert client.get(f"{API}/runs/{run}/leaderboard").json() == []
    for call in ("model-version", "finish"):
        assert client.post(f"{API}/runs/{run}/{call}").status_code == 409
    digest = under_way(platform.store, run)

    lines = client_for(Role.VIEWER).get(f"{API}/runs/{run}/leaderboard").json()
    assert [(each["score"], each["chosen"]) for each in lines] == [(0.8, False), (0.81, True)]
    assert (lines[0]["milliseconds"], lines[0]["bytes"], lines[0]["score_interval"]) == (0.2, 4000, [0.7, 0.9])
    made = client.post(f"{API}/runs/{run}/model-version")
    assert made.status_code == 201
    assert (made.json()["sha256"], made.json()["run_id"], made.json()["number"]) == (digest, run, 1)
    assert made.json()["lineage"]["run"]["so_far"] is True
    assert client.get(f"{API}/model-versions/{made.json()['id']}").json() == made.json()
    assert client.post(f"{API}/runs/{run}/model-version").json()["id"] == made.json()["id"]

    assert client.post(f"{API}/runs/{run}/finish").json()["state"] == "running"
    assert client.post(f"{API}/runs/{run}/finish").status_code == 200
    with platform.store.reading() as work:
        assert work.jobs.get(run).finish_at is not None
        assert work.jobs.get(run).cancel is None
    told = client.get(f"{API}/runs/{run}/events", headers={"accept": "application/json"}).json()["items"]
    states = [each["data"] for each in told if each["kind"] == "state"]
    assert states.count({"state": "running", "finish": "asked"}) == 1
    client.post(f"{API}/runs/{run}/cancel")
    assert client.post(f"{API}/runs/{run}/finish").status_code == 409


def test_only_trainings_have_a_leaderboard(client: TestClient, platform: Platform) -> None:
    run = queue(platform)
    for method, call in (("GET", "leaderboard"), ("POST", "model-version"), ("POST", "finish")):
        answer = client.request(method, f"{API}/runs/{run}/{call}")
        assert answer.status_code == 409
        assert "only trainings" in answer.text


def test_the_log_is_a_file(client: TestClient, platform: Platform) -> None:
    run = queue(platform)
    tell(platform, run, "one", "zwei\x85", "三")
    end(platform, run)
    answer = client.get(f"{API}/runs/{run}/log")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert [line.split(" ", 1)[1] for line in answer.text.split("\n") if line] == [
        "== queued",
        "one",
        "zwei\x85",
        "三",
        "== done",
    ]


def test_the_log_of_one_step_is_a_file_of_its_own(client: TestClient, platform: Platform) -> None:
    step = 'candidate 1: a/b "224" px, 鸟'

    def recipe(context: RunContext) -> None:
        context.log("before")
        context.step(step, lambda: context.log("inside"))

    run = queue(platform)
    work_off(platform.store, {"check": recipe})
    (listed,) = client.get(f"{API}/runs/{run}/steps").json()
    assert (listed["name"], listed["state"]) == (step, "done")
    answer = client.get(f"{API}/runs/{run}/log", params={"step": step})
    assert answer.text.endswith(f"[{step}] inside\n")
    assert answer.text.count("\n") == 1
    assert f"filename*=UTF-8''{quote(step.rpartition('/')[2] + '.log')}" in answer.headers["content-disposition"]


def test_events_are_followed_to_the_end_and_gone_on_with(client: TestClient, platform: Platform) -> None:
    run = queue(platform)
    tell(platform, run, "one", "two\nlines", "三")
    end(platform, run)
    answer = client.get(f"{API}/runs/{run}/events", headers=STREAM)
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = sent(answer.text)
    assert [each["kind"] for each in found] == ["state", "log", "log", "log", "state"]
    assert found[2]["data"] == {"text": "two\nlines"}
    known = str(found[2]["id"])
    rest = sent(client.get(f"{API}/runs/{run}/events", headers={**STREAM, "last-event-id": known}).text)
    assert rest == found[3:]
    assert sent(client.get(f"{API}/runs/{run}/events?after={known}", headers=STREAM).text) == rest
    # A browser that was told where to begin asks for the same URL when it comes back.
    first = f"{API}/runs/{run}/events?after={found[0]['id']}"
    assert sent(client.get(first, headers={**STREAM, "last-event-id": known}).text) == rest
    assert sent(client.get(first, headers={**STREAM, "last-event-id": "0"}).text) == found[1:]
    over = client.get(f"{API}/runs/{run}/events?after={found[-1]['id']}", headers=STREAM)
    assert over.status_code == 204  # a browser asks again and again until it is told so
    assert sent(client.get(f"{API}/runs/{run}/events", headers={**STREAM, "last-event-id": "-1"}).text) == found


def test_events_come_in_pages_where_json_is_asked_for(client: TestClient, platform: Platform) -> None:
    run = queue(platform)
    tell(platform, run, "one", "two")
    headers = {"accept": "application/json"}
    first = client.get(f"{API}/runs/{run}/events?limit=2", headers=headers).json()
    second = client.get(f"{API}/runs/{run}/events?after={first['next']}", headers=headers).json()
    assert [each["data"] for each in second["items"]] == [{"text": "two"}]
    waiting = client.get(f"{API}/runs/{run}/events?after={second['next']}", headers=headers).json()
    assert waiting == {"items": [], "next": second["next"]}
    end(platform, run)
    assert client.get(f"{API}/runs/{run}/events?after={second['next']}", headers=headers).json()["next"] is None


def follow(client: TestClient, platform: Platform, run: str) -> Caller:
    headers = {**STREAM, "host": "127.0.0.1", "authorization": client.headers["authorization"]}
    caller = Caller("GET", f"{API}/runs/{run}/events", headers)
    caller.scope["client"] = ("127.0.0.1", 1)
    return caller


async def seen(caller: Caller, text: str) -> None:
    async with asyncio.timeout(10):
        while text.encode() not in caller.answer.body:
            await asyncio.sleep(0.01)


def test_what_happens_arrives_while_it_happens_and_silence_is_filled(
    client: TestClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_route, "PAUSE", 0.01)
    monkeypatch.setattr(events_route, "HEARTBEAT", 0.05)
    run = queue(platform)

    async def watch() -> Caller:
        caller = follow(client, platform, run)
        call = asyncio.create_task(caller.call(make_api(platform)))
        await seen(caller, '"queued"')
        await seen(caller, ": still there")
        await asyncio.to_thread(tell, platform, run, "news")
        await seen(caller, '"news"')
        assert not call.done()
        await asyncio.to_thread(end, platform, run)
        await call
        return caller

    assert sent(asyncio.run(watch()).answer.body.decode())[-1]["data"] == {"state": "done"}


@pytest.mark.parametrize("how", ["the caller leaves", "the server drains"])
def test_a_stream_ends_with_its_caller_and_with_its_server(client: TestClient, platform: Platform, how: str) -> None:
    run = queue(platform)

    async def watch() -> None:
        caller = follow(client, platform, run)
        call = asyncio.create_task(caller.call(make_api(platform)))
        await seen(caller, '"queued"')
        if how == "the caller leaves":
            caller.hang_up()
        else:
            platform.draining.set()
        async with asyncio.timeout(5):
            await call

    asyncio.run(watch())


def test_a_stream_that_waits_keeps_no_transaction_open(client: TestClient, platform: Platform, owner: Who) -> None:
    run = queue(platform)

    async def watch() -> int:
        caller = follow(client, platform, run)
        call = asyncio.create_task(caller.call(make_api(platform)))
        await seen(caller, '"queued"')
        pool: Any = platform.store.database.engine.pool
        held: int = min([pool.checkedout() async for _ in _moments(20)])
        caller.hang_up()
        await call
        return held

    assert asyncio.run(watch()) == 0


async def _moments(count: int) -> Any:
    for number in range(count):
        await asyncio.sleep(0.005)
        yield number
