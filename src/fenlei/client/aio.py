"""Ask a prediction URL from asyncio code."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from types import TracebackType

import httpx

from fenlei.client.errors import PredictionError
from fenlei.client.exchange import Exchange
from fenlei.client.pictures import Source, read_picture
from fenlei.client.prediction import Prediction
from fenlei.client.target import Target, check_concurrency
from fenlei.contract import Language


class AsyncClient:
    """Asks one prediction URL from one event loop; what `Client` says of arguments and errors holds here."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 30.0,
        retries: int = 2,
        language: Language | None = None,
    ) -> None:
        self._target = Target.at(url, key, timeout, retries, language)
        self._http = httpx.AsyncClient(**self._target.transport)

    async def predict(self, source: Source) -> Prediction:
        """Return the prediction for one picture; files are read and arrays encoded beside the event loop.

        Raises:
            PredictionError: one of the family in `fenlei.client.errors`.
        """
        picture = await asyncio.to_thread(read_picture, source, self._target.language)
        exchange = Exchange(self._target, picture)
        while True:
            outcome = await self._attempt(exchange)
            if isinstance(outcome, Prediction):
                return outcome
            await asyncio.sleep(outcome)

    async def predict_many(
        self, sources: Iterable[Source], concurrency: int = 8
    ) -> AsyncGenerator[Prediction | PredictionError, None]:
        """Yield for every picture its prediction or its error, in the order of `sources`; see `Client.predict_many`.

        Closing the generator early ends the work at once.
        """
        check_concurrency(concurrency)
        waiting: deque[asyncio.Task[Prediction | PredictionError]] = deque()
        places = asyncio.Semaphore(concurrency)
        try:
            for source in sources:
                waiting.append(asyncio.create_task(self._predict_or_error(source, places)))
                if len(waiting) >= 2 * concurrency:
                    yield await waiting.popleft()
            while waiting:
                yield await waiting.popleft()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({self._target.shown!r})"

    async def _predict_or_error(self, source: Source, places: asyncio.Semaphore) -> Prediction | PredictionError:
        async with places:
            try:
                return await self.predict(source)
            except PredictionError as error:
                return error

    async def _attempt(self, exchange: Exchange) -> Prediction | float:
        request = exchange.request()
        request.extensions.update(timeout=exchange.timeouts())
        try:
            async with asyncio.timeout(exchange.time_left):
                response = await self._http.send(request, stream=True)
                try:
                    async for piece in response.aiter_bytes():
                        exchange.take(piece)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, TimeoutError) as error:
            return exchange.broken(error)
        return exchange.conclude(response.status_code, response.headers)
