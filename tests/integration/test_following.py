"""A run is followed from Python through whatever happens to the connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fenlei.client.management import Platform, RunEnded, Unreachable
from tests.support.loopback import Reply, serving

AT = "2026-01-01T00:00:00Z"
ID = "rn_1"


def event(number: int, kind: str = "log", **data: Any) -> bytes:
    said = {"id": number, "at": AT, "kind": kind, "step": None, "data": data or {"text": str(number)}}
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(said)}\n\n".encode()


def run(state: str) -> Reply:
    """The run as the platform tells it."""
    told: dict[str, Any] = {
        **dict.fromkeys(
            ("project_id", "position", "result", "error", "time_limit", "retry_of", "started_at", "finished_at")
        ),
        "subject": {},
        "settings": {},
        "id": ID,
        "number": 0,
        "kind": "train",
        "state": state,
        "stage": "",
        "progress": 0.5,
        "created_at": AT,
    }
    return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()


class Server:
    """A platform whose streams end early; `streams` are what it says, one after the other."""

    def __init__(self, *streams: bytes | str) -> None:
        self.streams = list(streams)
        self.after: list[int] = []
        self.state = "running"

    def __call__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        parts = urlsplit(target)
        if not parts.path.endswith("/events"):
            return run(self.state)
        self.after.append(int(parse_qs(parts.query)["after"][0]))
        said = self.streams.pop(0)
        if isinstance(said, str):
            return "hang up"
        if len(self.streams) <= 1:  # the last stream is asked for when it is over, and has nothing to say
            self.state = "cancelled"
        return (200 if said else 204), {"Content-Type": "text/event-stream"}, b": follow\n\n" + said if said else b""


def test_a_stream_that_breaks_goes_on_after_its_last_event() -> None:
    server = Server(event(3) + event(7), "hang up", event(8) + event(9, "state", state="cancelled"), b"")
    with serving(server) as here, Platform(here.base, "t") as platform:
        assert [each.id for each in platform.runs.events(ID)] == [3, 7, 8, 9]
    assert server.after == [0, 7, 7, 9]


def test_whoever_waits_is_told_how_it_ended() -> None:
    heard: list[tuple[str, float]] = []
    server = Server(event(1, "progress", stage="learning", fraction=0.5), event(2, "state", state="cancelled"), b"")
    with (
        serving(server) as here,
        Platform(here.base, "t") as platform,
        pytest.raises(RunEnded, match="was cancelled") as ended,
    ):
        platform.runs.wait(ID, on_progress=lambda stage, part: heard.append((stage, part)))
    assert heard == [("learning", 0.5)]
    assert ended.value.run.state == "cancelled"


def test_a_platform_that_stays_away_is_told_and_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fenlei.client.management.runs.PAUSES", (0.01, 0.01))
    server = Server(event(1), *["hang up"] * 3)
    with serving(server) as here, Platform(here.base, "t") as platform:
        events = platform.runs.events(ID)
        assert next(events).id == 1
        with pytest.raises(Unreachable, match="does not answer"):
            next(events)
    assert server.after == [0, 1, 1, 1]
