"""Ask a prediction URL from ordinary code."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import httpx

from fenlei.client.errors import PredictionError
from fenlei.client.exchange import Exchange
from fenlei.client.pictures import Source, read_picture
from fenlei.client.prediction import Prediction
from fenlei.client.target import Target, check_concurrency
from fenlei.contract import Language


class Client:
    """Asks one prediction URL. Safe to use from many threads; connections are kept and used again.

    Args:
        url: the complete URL, as publishing shows it; the key may stand in it.
        key: the app key where it does not; travels in a header.
        timeout: seconds for one prediction, further attempts and pauses included.
        retries: further attempts where the connection broke, or the server said that it would answer in a moment.
        language: of the sentences in errors: "zh" or "en"; None leaves it to the server.

    Raises:
        BadTarget: the URL, the key, or a number cannot be.
    """

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
        self._http = httpx.Client(**self._target.transport)

    def predict(self, source: Source) -> Prediction:
        """Return the prediction for one picture.

        Args:
            source: a path; the bytes of a JPEG or PNG file; a file object opened for bytes; a numpy array
                (height, width, 3) of uint8 in RGB order; or a Pillow image.

        Raises:
            PredictionError: one of the family in `fenlei.client.errors`.
        """
        exchange = Exchange(self._target, read_picture(source, self._target.language))
        while True:
            outcome = self._attempt(exchange)
            if isinstance(outcome, Prediction):
                return outcome
            time.sleep(outcome)

    def predict_many(
        self, sources: Iterable[Source], concurrency: int = 8
    ) -> Generator[Prediction | PredictionError, None, None]:
        """Yield for every picture its prediction or its error, in the order of `sources`.

        Sources are taken as the work goes on, a few ahead of the answers. Leaving the loop early ends the work once the
        pictures that are just being asked for have their answers.

        Args:
            sources: as for `predict`; any iterable, however long.
            concurrency: pictures asked for at the same time.
        """
        check_concurrency(concurrency)
        waiting: deque[Future[Prediction | PredictionError]] = deque()
        pool = ThreadPoolExecutor(concurrency, thread_name_prefix="fenlei-client")
        try:
            for source in sources:
                waiting.append(pool.submit(self._predict_or_error, source))
                if len(waiting) >= 2 * concurrency:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._target.shown!r})"

    def _predict_or_error(self, source: Source) -> Prediction | PredictionError:
        try:
            return self.predict(source)
        except PredictionError as error:
            return error

    def _attempt(self, exchange: Exchange) -> Prediction | float:
        request = exchange.request()
        timeouts = exchange.timeouts()
        # httpx bounds every step by itself; telling each step what is left bounds all of them together.
        request.extensions.update(timeout=timeouts, trace=lambda event, info: timeouts.update(exchange.timeouts()))
        try:
            response = self._http.send(request, stream=True)
            try:
                for piece in response.iter_bytes():
                    exchange.take(piece)
            finally:
                response.close()
        except httpx.HTTPError as error:
            return exchange.broken(error)
        return exchange.conclude(response.status_code, response.headers)
