"""The ASGI face of a serving process: predictions, health, figures. No framework; one short path per request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import msgspec

from fenlei.contract import PLAIN, Code, Detail, WireOptions, failure, name_in_path, render
from fenlei.serving import metrics as figures
from fenlei.serving.errors import CallerGone, Overloaded
from fenlei.serving.exchange import Exchange, Receive, Scope, Send
from fenlei.serving.metrics import Metrics
from fenlei.serving.reply import Reply, busy

log = logging.getLogger(__name__)

Predict = Callable[[Exchange, str], Awaitable[Reply]]
"""Answers one prediction request for the deployment that its URL names. Raises CallerGone and nothing else."""


class App:
    """An ASGI application. It is ready from `open()` until `drain()`.

    While it drains, requests that came before are finished and new ones are told 2003, so that a load balancer has
    time to look elsewhere.
    """

    def __init__(
        self, predict: Predict, metrics: Metrics, options: WireOptions = PLAIN, *, log_requests: bool = False
    ) -> None:
        """Nothing is answered before `open`.

        Args:
            predict: answers predictions; usually the gateway's door.
            metrics: where answers are counted.
            options: how a 2003 is written that this application says by itself.
            log_requests: one log line for every prediction.
        """
        self._predict = predict
        self._metrics = metrics
        self._options = options
        self._log_requests = log_requests
        self._state = "starting"

    @property
    def state(self) -> str:
        """`starting`, `ready` or `draining`."""
        return self._state

    def open(self) -> None:
        """Say that every model is loaded and has run once."""
        self._state = "ready"

    def drain(self) -> None:
        """Take no new predictions; may be called from a signal handler."""
        self._state = "draining"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of an ASGI server."""
        if scope["type"] == "http":
            await self._http(Exchange(scope, receive, send))
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        else:  # a WebSocket: there is none here
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, exchange: Exchange) -> None:
        name = name_in_path(exchange.path)
        if name is None:
            await exchange.reply(self._page(exchange))
            return
        self._metrics.arrived()
        try:
            reply = await self._prediction(exchange, name)
            await exchange.reply(reply, close=self._state == "draining")
        except CallerGone:
            self._metrics.gone()
        else:
            seconds = time.perf_counter() - exchange.started
            self._metrics.answered(reply.deployment, reply.code, seconds)
            if self._log_requests:
                fields = {"request_id": exchange.request_id, "deployment": reply.deployment, "code": reply.code}
                log.info("request", extra={**fields, "ms": round(seconds * 1000, 2)})
        finally:
            self._metrics.left()

    async def _prediction(self, exchange: Exchange, name: str) -> Reply:
        if self._state != "ready":
            return self._not_now(exchange)
        try:
            return await self._predict(exchange, name)
        except asyncio.CancelledError:
            if self._state == "draining":  # the time for draining is over; this caller still hears of it
                return self._not_now(exchange)
            raise

    def _not_now(self, exchange: Exchange) -> Reply:
        self._metrics.refused(self._state)
        return busy(Overloaded(self._state, 1), exchange.request_id, exchange.language, self._options)

    def _page(self, exchange: Exchange) -> Reply:
        pages = {"/healthz": self._healthz, "/readyz": self._readyz, "/metrics": self._figures}
        page = pages.get(exchange.path)
        if page is None:
            return _refusal(
                exchange,
                404,
                "没有这个地址；预测请 POST 到 /api/image/服务名。",
                "There is nothing at this address; predictions go to POST /api/image/NAME.",
            )
        if exchange.method not in {"GET", "HEAD"}:
            reply = _refusal(exchange, 405, "此地址只接受 GET。", "Only GET is allowed here.")
            return msgspec.structs.replace(reply, headers=((b"allow", b"GET, HEAD"),))
        return page()

    def _healthz(self) -> Reply:
        return Reply(200, b'{"status":"alive"}', Code.SUCCESS.number)

    def _readyz(self) -> Reply:
        status = 200 if self._state == "ready" else 503
        return Reply(status, msgspec.json.encode({"status": self._state}), Code.SUCCESS.number)

    def _figures(self) -> Reply:
        return Reply(200, self._metrics.page(), Code.SUCCESS.number, content_type=figures.CONTENT_TYPE)


def _refusal(exchange: Exchange, status: int, zh: str, en: str) -> Reply:
    answer = failure(Code.BAD_PARAMETER, Detail(zh, en), exchange.request_id, exchange.language)
    return Reply(status, render(answer)[1], answer.code)


async def _lifespan(receive: Receive, send: Send) -> None:
    """What has to be opened and closed belongs to whoever built the app; servers only need to hear that all is well."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
