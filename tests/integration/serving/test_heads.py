"""What comes before a body: no caller can fill the memory or hold a connection with a head that never ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from fenlei.app import http11
from fenlei.app.http11 import MAX_HEAD_BYTES, PlainHttp

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def app(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """Read the body, take a moment, answer with the body's length."""
    size = 0
    while (message := await receive())["type"] == "http.request":
        size += len(message["body"])
        if not message["more_body"]:
            break
    await asyncio.sleep(0.05)
    said = b"%d" % size
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
    await send({"type": "http.response.body", "body": said})


@asynccontextmanager
async def connected() -> AsyncIterator[Streams]:
    config = uvicorn.Config(app, http=PlainHttp, ws="none", lifespan="off", log_config=None)
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: PlainHttp(config, state, {}), "127.0.0.1", 0)
    try:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield reader, writer
        writer.close()
    finally:
        server.close()


def said_to(data: bytes, *more: bytes) -> bytes:
    """Everything a server says to what is sent, until it hangs up."""

    async def talk() -> bytes:
        async with connected() as (reader, writer), asyncio.timeout(10):
            for piece in (data, *more):
                writer.write(piece)
                await asyncio.sleep(0.01)
            return await reader.read()

    return asyncio.run(talk())


def status_and_json(said: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"\r\nx-request-id: req_" in head
    assert b"\r\ncontent-type: application/json;charset=UTF-8\r\n" in head
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"POST /", b"a"),
        (GET + b"X-A: ", b"a"),
        (GET, b"X-A: b\r\n"),
        (CHUNKED + b"1\r\na\r\n0\r\n", b"X-A: b\r\n"),
        (CHUNKED + b"1\r\na\r\n1;", b"a"),
    ],
    ids=["url", "header", "headers", "trailers", "chunk extension"],
)
def test_a_head_without_end_is_refused_instead_of_kept(start: bytes, piece: bytes) -> None:
    status, said = status_and_json(said_to(start, piece * (MAX_HEAD_BYTES // len(piece)), piece))
    assert status == 431
    assert said["code"] == 10311


def test_line_breaks_without_end_are_refused_too() -> None:
    breaks = b"\r\n" * (MAX_HEAD_BYTES // 4)
    assert status_and_json(said_to(breaks, breaks, b"\r\n"))[0] == 431


def test_a_long_head_and_a_longer_body_pass() -> None:
    head = GET.replace(b"GET", b"POST") + b"X-A: " + b"a" * (MAX_HEAD_BYTES // 2) + b"\r\nConnection: close\r\n"
    said = said_to(head, b"Content-Length: 500000\r\n\r\n", *[b"x" * 10_000] * 50)
    assert said.endswith(b"\r\n\r\n500000")


@pytest.mark.parametrize("start", [GET, GET + b"\r\n" + GET], ids=["first", "second"])
def test_a_head_that_does_not_arrive_in_time_is_told_so(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http11, "HEAD_SECONDS", 0.2)
    said = said_to(start)
    assert status_and_json(said[said.rindex(b"HTTP/1.1") :])[0] == 408
    assert said.count(b"HTTP/1.1 200 OK") == start.count(b"GET") - 1


@pytest.mark.parametrize("start", [b"", b"\r\n"], ids=["nothing", "a line break"])
def test_a_caller_who_says_nothing_is_hung_up_on(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http11, "HEAD_SECONDS", 0.2)
    assert said_to(start) == b""


def test_what_is_no_http_gets_an_answer_in_json_after_the_answers_before_it() -> None:
    assert status_and_json(said_to(b"\x16\x03\x01\x02\x00 hello\r\n\r\n"))[0] == 400
    said = said_to(GET + b"\r\n" + b"\x00\x00\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 OK")
    assert said.count(b"HTTP/1.1") == 1


def test_the_time_for_a_head_does_not_run_while_an_answer_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http11, "HEAD_SECONDS", 0.02)
    said = said_to(GET + b"\r\n" + GET, b"", b"", b"Connection: close\r\n\r\n")
    assert said.count(b"HTTP/1.1 200 OK") == 2
