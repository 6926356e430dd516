"""Where the event loop hands a prediction to a worker thread, and takes the answer back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from fenlei.contract import MAX_BODY_BYTES, Code, Refused, WireOptions, check_content_type, failure
from fenlei.serving.desk import Desk, Ticket
from fenlei.serving.errors import CallerGone, Overloaded
from fenlei.serving.exchange import Exchange
from fenlei.serving.handler import Handler, internal_detail
from fenlei.serving.reply import Reply, busy, reply_with

log = logging.getLogger(__name__)


class BodyBudget:
    """Bytes of request bodies that may be in memory at one time. Used on the event loop only."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def take(self, amount: int, retry_after: int) -> None:
        """Reserve room for a body.

        Raises:
            Overloaded: it does not fit beside those that are here.
        """
        if self.used + amount > self.limit:
            raise Overloaded("memory", retry_after)
        self.used += amount

    def give(self, amount: int) -> None:
        """Give the room back."""
        self.used -= amount


class Endpoint:
    """The model service of one deployment: content type, capped body, desk, answer.

    Only the body is read on the event loop. Parsing, base64, header checks, decoding, resizing, inference and the
    writing of the answer happen in one go on one worker thread, so that nothing is handed back and forth.
    """

    def __init__(
        self,
        handler: Handler,
        desk: Desk,
        budget: BodyBudget,
        deployment: str,
        *,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        """Join the parts; desk and budget are shared by all endpoints of a process.

        Args:
            handler: answers with this deployment's model.
            desk: runs the work.
            budget: room for bodies.
            deployment: its name.
            refused: told the reason of every 2003.
        """
        self._handler = handler
        self._desk = desk
        self._budget = budget
        self._deployment = deployment
        self._refused = refused
        self._in_flight = 0
        self._at_work: set[Ticket[Reply]] = set()  # its additions and removals need no lock

    @property
    def idle(self) -> bool:
        """Whether nobody is in here. Where nobody is sent here any more, it stays so, and the model can be let go of.

        A job whose caller has left may still be on its way to the desk; it ends before it touches the model.
        """
        return not self._in_flight and not self._at_work

    async def predict(self, exchange: Exchange, options: WireOptions) -> Reply:
        """Answer one request.

        Raises:
            CallerGone: nobody is left to answer.
        """
        self._in_flight += 1
        try:
            check_content_type(exchange.headers.get("content-type"))
            self._desk.check_room()
            # An announced length is reserved as announced, an unknown one as the longest there can be.
            announced = exchange.content_length
            room = MAX_BODY_BYTES if announced is None else min(announced, MAX_BODY_BYTES)
            self._budget.take(room, self._desk.retry_after)
            try:
                body = await exchange.read_body(MAX_BODY_BYTES)
                return await self._at_desk(exchange, body, options)
            finally:
                self._budget.give(room)
        except Refused as refused:
            answer = failure(refused.code, refused.detail, exchange.request_id, exchange.language)
            return reply_with(answer, options, self._deployment)
        except Overloaded as overloaded:
            if self._refused is not None:
                self._refused(overloaded.reason)
            return busy(overloaded, exchange.request_id, exchange.language, options, self._deployment)
        except CallerGone:
            raise
        except Exception:
            log.exception("answer_failed", extra={"request_id": exchange.request_id, "deployment": self._deployment})
            detail = internal_detail(exchange.request_id)
            answer = failure(Code.INTERNAL, detail, exchange.request_id, exchange.language)
            return reply_with(answer, options, self._deployment)
        finally:
            self._in_flight -= 1

    async def _at_desk(self, exchange: Exchange, body: bytes, options: WireOptions) -> Reply:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        request_id, language = exchange.request_id, exchange.language

        def work(ticket: Ticket[Reply]) -> Reply:
            self._at_work.add(ticket)
            try:
                answer = self._handler.answer(body, request_id, language, ticket.check, options)
                return reply_with(answer, options, self._deployment)
            finally:
                self._at_work.discard(ticket)

        def deliver(outcome: Reply | BaseException) -> None:
            loop.call_soon_threadsafe(_settle, future, outcome)

        ticket = self._desk.submit(work, deliver)

        def hung_up(_: object) -> None:
            if not future.done():
                ticket.cancel()
                future.set_exception(CallerGone())

        watch = loop.create_task(exchange.until_gone())
        watch.add_done_callback(hung_up)
        try:
            return await future
        except asyncio.CancelledError:
            ticket.cancel()
            raise
        finally:
            watch.remove_done_callback(hung_up)
            watch.cancel()


def _settle(future: asyncio.Future[Reply], outcome: Reply | BaseException) -> None:
    if future.done():
        return
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
