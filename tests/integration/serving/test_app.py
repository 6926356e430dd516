"""The application as a server sees it: load, callers who leave, bad neighbours, draining, figures."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from fenlei.app import House
from fenlei.contract import encode_request
from fenlei.serving.asgi import App
from fenlei.serving.predictor import Predictor
from tests.integration.serving.conftest import KEY
from tests.support.asgi import Caller, call
from tests.support.drawing import jpeg, png
from tests.support.engines import GatedEngine, GatedOpener

URL = f"/api/image/cats?neu_app_key={KEY}"
HEADERS = {"Content-Type": "application/json;charset=UTF-8"}
PICTURE = encode_request(jpeg(120, 90, seed=3))


def post(body: bytes = PICTURE, **headers: str) -> Caller:
    length = {"Content-Length": str(len(body))}
    return Caller("POST", URL, {**HEADERS, **length, **{k.replace("_", "-"): v for k, v in headers.items()}}, body)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await scenario

    asyncio.run(bounded())


async def entered(engine: GatedEngine) -> None:
    """Wait until one more picture has reached the network."""
    assert await asyncio.to_thread(engine.entered.acquire, True, 10.0)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something has come about; the scenario's own limit ends it otherwise."""
    while not condition():
        await asyncio.sleep(0.001)


def forget_warm_up(engine: GatedEngine) -> None:
    engine.calls = 0
    while engine.entered.acquire(blocking=False):
        pass


@pytest.fixture
def engine(house: House, opener: GatedOpener) -> GatedEngine:
    forget_warm_up(opener.engines[0])
    return opener.engines[0]


def test_a_picture_gets_its_class(house: House) -> None:
    answer = call(house.app, "POST", URL, HEADERS, PICTURE)
    assert (answer.status, answer.json()["code"]) == (200, 10000)
    assert [row["name"] for row in answer.json()["predictResult"]["thresholdList"]] == ["cat", "dog", "鸟"]


def test_concurrent_predictions_equal_sequential_ones(house: House) -> None:
    bodies = [encode_request(jpeg(60 + 7 * n, 90, seed=n)) for n in range(24)]
    alone = [call(house.app, "POST", URL, HEADERS, body).json() for body in bodies]

    async def together() -> list[Any]:
        answers = await asyncio.gather(*(post(body).call(house.app) for body in bodies))
        return [answer.json() for answer in answers]

    assert asyncio.run(together()) == alone


def test_one_bad_picture_never_touches_its_neighbours(house: House) -> None:
    good = PICTURE
    bad = [b"{", encode_request(jpeg(100, 80)[:400]), encode_request(png(29, 40)), encode_request(b"GIF89a"), b"\xff"]

    async def together() -> list[int]:
        callers = [post(body) for pair in zip([good] * len(bad), bad, strict=True) for body in pair]
        answers = await asyncio.gather(*(caller.call(house.app) for caller in callers))
        return [answer.json()["code"] for answer in answers]

    assert asyncio.run(together()) == [10000, 10311, 10000, 10440, 10000, 10442, 10000, 10440, 10000, 10311]


def test_a_full_house_says_2003_at_once_with_the_time_to_come_back(
    make_house: Callable[..., House], opener: GatedOpener
) -> None:
    house = make_house(threads=1, queue=2)
    engine = opener.engines[0]

    async def scenario() -> None:
        forget_warm_up(engine)
        engine.gate.clear()
        inside = [asyncio.create_task(post().call(house.app)) for _ in range(house.desk.workers + 2)]
        await until(lambda: house.desk.depth == 2)
        late = post()
        answer = await late.call(house.app)
        assert (answer.status, answer.json()["code"]) == (503, 2003)
        assert int(answer.headers["retry-after"]) >= 1
        assert late.pieces_read == 0  # not even its body was taken in
        engine.gate.set()
        assert {(await task).json()["code"] for task in inside} == {10000}

    run(scenario())
    assert b'fenlei_refused_total{reason="queue"} 1.0' in call(house.app, "GET", "/metrics").body


def test_bodies_that_do_not_fit_into_memory_together_are_refused(make_house: Callable[..., House]) -> None:
    house = make_house(bodies=16 * 1024 * 1024)

    async def scenario() -> None:
        announced = {"Content-Length": str(6 * 1024 * 1024)}
        slow = [Caller("POST", URL, {**HEADERS, **announced}, [b"{", b"}"]) for _ in range(2)]
        for caller in slow:
            caller._sent_all = True  # they announce much and send nothing
        tasks = [asyncio.create_task(caller.call(house.app)) for caller in slow]
        await asyncio.sleep(0)
        answer = await Caller("POST", URL, {**HEADERS, **announced}, b"{}").call(house.app)
        assert (answer.status, answer.json()["code"]) == (503, 2003)
        for caller in slow:
            caller.hang_up()
        await asyncio.gather(*tasks)
        assert (await post().call(house.app)).json()["code"] == 10000  # the room is given back

    run(scenario())


def test_a_caller_who_hung_up_in_the_queue_costs_no_inference(
    make_house: Callable[..., House], opener: GatedOpener
) -> None:
    house = make_house(threads=1, queue=10)
    engine = opener.engines[0]

    async def scenario() -> None:
        forget_warm_up(engine)
        engine.gate.clear()
        first = [asyncio.create_task(post().call(house.app)) for _ in range(house.desk.workers)]
        for _ in first:
            await entered(engine)
        leaving = [post() for _ in range(5)]
        tasks = [asyncio.create_task(caller.call(house.app)) for caller in leaving]
        await until(lambda: house.desk.depth == 5)
        for caller in leaving:
            caller.hang_up()
        await asyncio.gather(*tasks)
        assert house.desk.depth == 0
        assert [caller.answer.status for caller in leaving] == [0] * 5
        last = asyncio.create_task(post().call(house.app))
        engine.gate.set()
        assert {(await task).json()["code"] for task in (*first, last)} == {10000}

    run(scenario())
    assert engine.calls == house.desk.workers + 1
    figures = call(house.app, "GET", "/metrics").body
    assert b"fenlei_callers_gone_total 5.0" in figures
    assert b"fenlei_in_flight 0.0" in figures


def test_a_caller_who_hung_up_after_decoding_began_costs_no_inference_either(
    house: House, engine: GatedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, left = post(), threading.Event()

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        prepare = Predictor.prepare

        def slow(*args: Any) -> Any:
            pixels = prepare(*args)
            loop.call_soon_threadsafe(caller.hang_up)
            assert left.wait(10)
            return pixels

        monkeypatch.setattr(Predictor, "prepare", slow)
        await caller.call(house.app)
        left.set()  # the application has noticed; the worker goes on after it has

    run(scenario())
    house.close()
    assert left.is_set()
    assert engine.calls == 0


def test_a_failing_network_is_minus_two_and_the_next_picture_is_fine(
    house: House, engine: GatedEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(engine, "infer", lambda pixels: 1 / 0)
        answer = call(house.app, "POST", URL, {**HEADERS, "X-Request-Id": "r-5"}, PICTURE)
    assert (answer.status, answer.json()["code"]) == (200, -2)
    assert "r-5" in answer.json()["detail"]
    assert [record.__dict__["request_id"] for record in caplog.records] == ["r-5"]
    assert call(house.app, "POST", URL, HEADERS, PICTURE).json()["code"] == 10000


def test_a_network_that_makes_no_numbers_is_minus_two(
    house: House, engine: GatedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "infer", lambda pixels: np.full((1, engine.width), np.nan, np.float32))
    assert call(house.app, "POST", URL, HEADERS, PICTURE).json()["code"] == -2


def test_while_draining_what_was_begun_is_finished_and_the_rest_refused(house: House, engine: GatedEngine) -> None:
    async def scenario() -> None:
        engine.gate.clear()
        begun = asyncio.create_task(post().call(house.app))
        await entered(engine)
        house.app.drain()
        late = await post().call(house.app)
        assert (late.status, late.json()["code"], late.headers["connection"]) == (503, 2003, "close")
        assert (await Caller("GET", "/readyz").call(house.app)).status == 503
        assert (await Caller("GET", "/healthz").call(house.app)).status == 200
        engine.gate.set()
        finished = await begun
        assert (finished.json()["code"], finished.headers["connection"]) == (10000, "close")

    run(scenario())


def test_a_request_that_is_cut_off_at_the_end_of_draining_is_told_so(house: House, engine: GatedEngine) -> None:
    async def scenario() -> None:
        engine.gate.clear()
        begun = asyncio.create_task(post().call(house.app))
        await entered(engine)
        house.app.drain()
        begun.cancel()
        answer = await begun
        assert (answer.status, answer.json()["code"]) == (503, 2003)
        engine.gate.set()

    run(scenario())


def test_health_pages_take_get_only_and_other_addresses_are_not_found(house: House) -> None:
    assert call(house.app, "GET", "/healthz").json() == {"status": "alive"}
    assert call(house.app, "GET", "/readyz").json() == {"status": "ready"}
    refused = call(house.app, "POST", "/readyz")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")
    for path in ("/", "/api/image", "/api/image/", "/api/image/a/b", "/apiimage/cats", "/favicon.ico"):
        answer = call(house.app, "POST", path, HEADERS, PICTURE)
        assert (answer.status, answer.json()["code"]) == (404, 10311)
        assert answer.json()["requestId"] == answer.headers["x-request-id"]


def test_an_app_is_not_ready_before_it_is_opened(house: House) -> None:
    app = App(house.app._predict, house.app._metrics)
    assert call(app, "GET", "/readyz").status == 503
    assert call(app, "POST", URL, HEADERS, PICTURE).json()["code"] == 2003
    app.open()
    assert call(app, "POST", URL, HEADERS, PICTURE).json()["code"] == 10000


def test_lifespan_is_answered(house: House) -> None:
    sent: list[str] = []
    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, Any]:
        return {"type": next(messages)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(house.app({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_the_figures_count_answers_by_deployment_and_code_and_strangers_name_none(house: House) -> None:
    for url in (URL, URL, "/api/image/cats", "/api/image/made-up", f"/api/image/made-up?neu_app_key={KEY}"):
        call(house.app, "POST", url, HEADERS, PICTURE)
    call(house.app, "POST", URL, HEADERS, b"{}")
    page = call(house.app, "GET", "/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    figures = page.body.decode()
    for line in (
        'fenlei_requests_total{code="10000",deployment="cats"} 2.0',
        'fenlei_requests_total{code="10310",deployment="cats"} 1.0',
        'fenlei_requests_total{code="2000",deployment=""} 2.0',
        'fenlei_requests_total{code="1100",deployment=""} 1.0',
        'fenlei_request_seconds_count{deployment="cats"} 3.0',
        "fenlei_inference_seconds_count 2.0",
        "fenlei_queue_depth 0.0",
        "fenlei_in_flight 0.0",
    ):
        assert line in figures
    assert 'fenlei_model_info{backbone="tiny"' in figures
    assert "made-up" not in figures
    assert KEY not in figures


def test_neither_key_nor_picture_reaches_the_log(
    make_house: Callable[..., House],
    opener: GatedOpener,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    house = make_house(log_requests=True)
    text = PICTURE[200:260].decode()
    for body in (PICTURE, PICTURE[:-1], b"{", b'{"base64":"' + b"!" + PICTURE[11:]):
        call(house.app, "POST", URL, {**HEADERS, "Authorization": f"Bearer {KEY}"}, body)
    monkeypatch.setattr(opener.engines[0], "infer", lambda pixels: 1 / 0)
    call(house.app, "POST", URL, HEADERS, PICTURE)
    written = caplog.text + repr([record.__dict__ for record in caplog.records])
    assert "request" in written
    assert "prediction_failed" in written
    assert KEY not in written
    assert text not in written
