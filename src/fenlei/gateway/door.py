"""The door between a stranger and a model: method, key, deployment, and only then the model service."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from fenlei.contract import METHOD, PLAIN, Code, Detail, WireOptions, failure, sent_key
from fenlei.gateway.keys import KeyRing, key_digest
from fenlei.serving.errors import CallerGone
from fenlei.serving.exchange import Exchange
from fenlei.serving.reply import Reply, reply_with

log = logging.getLogger(__name__)

NOBODY = KeyRing()


class Upstream(Protocol):
    """A model service, in this process or elsewhere. `fenlei.serving.endpoint.Endpoint` is the one in this process.

    Promises: content type, body and picture are checked in the contract's order and every fault of the request or of
    the model is an answer, not an exception. The body is read from the exchange only when it is needed. When the
    caller hangs up, the work for it ends and CallerGone is raised.
    """

    async def predict(self, exchange: Exchange, options: WireOptions) -> Reply:
        """Answer an admitted request, written as `options` say."""
        ...


@dataclass(frozen=True)
class Deployment:
    """A name that can be called.

    Attributes:
        name: the last segment of its URL.
        upstream: answers for it.
        open: whether it may be called without a key.
        options: how its answers are written.
        keys: that open this deployment and no other.
    """

    name: str
    upstream: Upstream
    open: bool = False
    options: WireOptions = PLAIN
    keys: KeyRing = NOBODY


class _Board:
    """What can be called at one moment. It never changes; another one takes its place."""

    __slots__ = ("all_open", "deployments", "digests")

    def __init__(self, deployments: dict[str, Deployment]) -> None:
        self.deployments = deployments
        self.digests = frozenset().union(*(each.keys.digests for each in deployments.values()))
        self.all_open = all(each.open for each in deployments.values())


class Door:
    """Admits requests to deployments, which may change while it is open.

    A key is looked for in the query (`neu_app_key`), then in `X-App-Key`, then in `Authorization: Bearer`; the first
    one found decides. Without a key that is valid here, a deployment that exists and one that does not answer alike,
    so that nobody can guess names; where everything is open there is nothing to guess, and a wrong name is told as
    such. So it is to whoever holds a key of some deployment here. A deployment that asked for REST statuses refuses
    with them, and is told apart by that.
    """

    def __init__(
        self, deployments: Iterable[Deployment] = (), keys: KeyRing = NOBODY, options: WireOptions = PLAIN
    ) -> None:
        """Take what can be called and who may call.

        Args:
            deployments: with different names.
            keys: that open every deployment.
            options: how answers are written while no deployment is known.
        """
        self._board = _Board({deployment.name: deployment for deployment in deployments})
        self._keys = keys
        self._options = options
        self._changing = threading.Lock()

    def connect(self, deployment: Deployment) -> None:
        """Send new requests for its name to this deployment, from now on; older ones end where they are.

        Safe from any thread.
        """
        with self._changing:
            self._board = _Board({**self._board.deployments, deployment.name: deployment})

    def disconnect(self, name: str) -> None:
        """Know this name no longer. Safe from any thread."""
        with self._changing:
            self._board = _Board({known: each for known, each in self._board.deployments.items() if known != name})

    async def predict(self, exchange: Exchange, name: str) -> Reply:
        """Answer a request for the deployment `name`, whether there is one or not.

        Raises:
            CallerGone: nobody is left to answer.
        """
        try:
            return await self._admit(exchange, name)
        except CallerGone:
            raise
        except Exception:
            log.exception("gateway_failed", extra={"request_id": exchange.request_id})
            return self._refuse(
                exchange,
                Code.GATEWAY,
                f"网关处理请求时出错，日志编号 {exchange.request_id}。",
                f"The gateway failed on this request; its log has more under {exchange.request_id}.",
            )

    async def _admit(self, exchange: Exchange, name: str) -> Reply:
        if exchange.method != METHOD:
            refusal = self._refuse(
                exchange,
                Code.BAD_PARAMETER,
                f"不支持 {exchange.method} 方法，预测请使用 POST。",
                f"The method {exchange.method} is not supported; predictions are asked for with POST.",
            )
            return msgspec.structs.replace(refusal, status=405, headers=((b"allow", METHOD.encode()),))
        board = self._board
        deployment = board.deployments.get(name)
        key = sent_key(exchange.query, exchange.headers)
        digest = None if key is None else key_digest(key)
        known = digest in self._keys
        if deployment is not None:
            admitted = deployment.open or known or digest in deployment.keys
        else:
            admitted = known or digest in board.digests or (board.all_open and not self._keys)
        if not admitted:
            return self._refuse(
                exchange,
                Code.BAD_KEY,
                "APPK 缺失或无效，请检查 URL 中的 neu_app_key 或请求头 X-App-Key。",
                "The app key is missing or not valid here; send it as neu_app_key in the URL or as header X-App-Key.",
                deployment,
            )
        if deployment is None:
            return self._refuse(
                exchange,
                Code.UPSTREAM,
                "没有这个名称的已发布服务，请检查 URL 的最后一段。",
                "No deployment has this name; check the last part of the URL.",
            )
        # Whoever takes this deployment's place lets go of its model when no request is left in it. The look at the
        # board and the endpoint's count are one stretch of the event loop, with nothing in between.
        return await deployment.upstream.predict(exchange, deployment.options)

    def _refuse(self, exchange: Exchange, code: Code, zh: str, en: str, deployment: Deployment | None = None) -> Reply:
        options = self._options if deployment is None else deployment.options
        return reply_with(failure(code, Detail(zh, en), exchange.request_id, exchange.language), options)
