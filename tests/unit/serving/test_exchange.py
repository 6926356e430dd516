"""One HTTP exchange: how much is read, what every answer carries, and when a caller counts as gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from fenlei.contract import Code, Refused
from fenlei.serving import exchange as exchange_module
from fenlei.serving.errors import CallerGone
from fenlei.serving.exchange import Exchange
from fenlei.serving.reply import Reply
from tests.support.asgi import Caller

OK = Reply(200, b'{"code":10000}', 10000)


def exchange_of(caller: Caller) -> Exchange:
    return Exchange(caller.scope, caller.receive, caller.send)


def pieces(size: int, count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b"x" * size


def test_a_body_in_pieces_is_read_whole() -> None:
    caller = Caller("POST", "/", body=[b"ab", b"", b"c"])
    assert asyncio.run(exchange_of(caller).read_body(3)) == b"abc"


def test_an_announced_length_over_the_limit_is_refused_before_anything_is_read() -> None:
    for announced in ("11", "9" * 5000):
        caller = Caller("POST", "/", {"Content-Length": announced}, body=[b"x" * 11])
        with pytest.raises(Refused) as caught:
            asyncio.run(exchange_of(caller).read_body(10))
        assert caught.value.code is Code.TOO_LARGE
        assert caller.pieces_read == 0


def test_a_body_that_streams_over_the_limit_is_refused_where_it_passes_it() -> None:
    caller = Caller("POST", "/", {"Transfer-Encoding": "chunked"}, body=pieces(4, 1000))
    with pytest.raises(Refused) as caught:
        asyncio.run(exchange_of(caller).read_body(10))
    assert caught.value.code is Code.TOO_LARGE
    assert caller.pieces_read == 3


def test_the_answer_to_an_endless_body_is_whole_before_the_rest_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "LINGER_BYTES", 100)
    caller = Caller("POST", "/", {"Transfer-Encoding": "chunked"}, body=pieces(10, 1000))
    complete_at: list[int] = []
    receive = caller.receive

    async def watched() -> object:
        if caller.answer.body and not complete_at:
            complete_at.append(caller.pieces_read)
        return await receive()

    async def scenario() -> None:
        exchange = Exchange(caller.scope, watched, caller.send)  # type: ignore[arg-type]
        with pytest.raises(Refused):
            await exchange.read_body(25)
        await exchange.reply(OK)

    asyncio.run(scenario())
    assert caller.answer.body == OK.body
    assert complete_at == [3]  # the answer was out before one more piece was read
    assert caller.pieces_read == 3 + 10  # and then not more than the bound
    assert caller.answer.headers["connection"] == "close"
    assert caller.complete


def test_listening_after_an_early_answer_ends_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "LINGER_SECONDS", 0.0)
    caller = Caller("POST", "/", {"Content-Length": str(10**9)})
    caller._sent_all = True  # announced, and then nothing comes

    async def scenario() -> None:
        async with asyncio.timeout(10):
            await exchange_of(caller).reply(OK)

    asyncio.run(scenario())
    assert caller.complete


def test_a_caller_who_waits_for_leave_to_send_is_answered_and_the_connection_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange_module, "LINGER_SECONDS", 0.0)
    caller = Caller("POST", "/", {"Content-Length": "100", "Expect": "100-continue"}, body=b"x" * 100)
    asyncio.run(exchange_of(caller).reply(OK))
    assert caller.answer.headers["connection"] == "close"


def test_a_short_unread_body_keeps_the_connection() -> None:
    caller = Caller("POST", "/", {"Content-Length": "100"}, body=b"x" * 100)
    asyncio.run(exchange_of(caller).reply(OK))
    assert "connection" not in caller.answer.headers
    assert caller.pieces_read == 0


def test_a_body_that_stops_coming_is_refused() -> None:
    caller = Caller("POST", "/", {"Content-Length": "100"})
    caller._sent_all = True
    with pytest.raises(Refused) as caught:
        asyncio.run(exchange_of(caller).read_body(100, seconds=0.0))
    assert caught.value.code is Code.BAD_PARAMETER


def test_a_caller_who_hangs_up_while_sending_is_gone() -> None:
    caller = Caller("POST", "/", body=[b"x", b"y"])
    caller.hang_up()
    with pytest.raises(CallerGone):
        asyncio.run(exchange_of(caller).read_body(100))


@pytest.mark.parametrize("given", ["abc-123", "a" * 128, "00-4bf92f-01", "{x}"])
def test_a_sane_request_id_is_kept(given: str) -> None:
    caller = Caller("GET", "/", {"X-Request-Id": given})
    asyncio.run(exchange_of(caller).reply(OK))
    assert caller.answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a" * 129, "two words", "tab\there", "ü"])
def test_a_strange_request_id_is_replaced(given: str) -> None:
    caller = Caller("GET", "/", {"X-Request-Id": given})
    asyncio.run(exchange_of(caller).reply(OK))
    assert caller.answer.headers["x-request-id"] != given
    assert caller.answer.headers["x-request-id"].startswith("req_")


def test_every_answer_says_its_type_and_length() -> None:
    caller = Caller("GET", "/")
    asyncio.run(exchange_of(caller).reply(OK))
    assert caller.answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert caller.answer.headers["content-length"] == str(len(OK.body))
