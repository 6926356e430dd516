"""One prediction as a conversation, without any I/O: what to send, how to read what comes back, whether to try again.

Both clients drive it the same way: send `request`, hand over every piece of the answer with `take`, then ask
`conclude`; when sending broke, ask `broken`. Either gives the prediction, or seconds to wait before sending again, or
raises the error that ends the conversation.

A prediction changes nothing on the server, so asking twice is safe. It is done where it can help: the connection broke,
or the server said 2001 or 2003 (ask again in a moment). Any other answer would only be repeated.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from urllib.parse import urlsplit

import httpx

from fenlei.client.errors import ConnectionFailed, NoAnswer, NotAPredictionServer, TimedOut, error_for
from fenlei.client.prediction import Prediction
from fenlei.client.target import Target
from fenlei.contract import (
    METHOD,
    REQUEST_ID_HEADER,
    Code,
    NotAnAnswer,
    Success,
    encode_request,
    read,
)

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""More than this is not an answer, whatever it is; a class costs about a hundred bytes."""

LONGEST_STEP = 86400.0
"""Seconds; a timeout may be infinite, a socket's may not."""

FIRST_PAUSE = 0.1
"""Seconds before the second attempt where the server names no time; doubled for each further one."""


class Exchange:
    """The conversation about one picture; made when it begins, thrown away when it ends."""

    def __init__(self, target: Target, picture: bytes, clock: Callable[[], float] = monotonic) -> None:
        self._target = target
        self._body = encode_request(picture)
        self._clock = clock
        self._began = clock()
        self._attempts = 0
        self._answer = bytearray()

    @property
    def time_left(self) -> float:
        """Seconds until this prediction is given up, never below a millisecond."""
        return max(self._began + self._target.timeout - self._clock(), 0.001)

    def request(self) -> httpx.Request:
        """Begin an attempt and return what to send.

        Raises:
            TimedOut: the time is over.
        """
        self._check_time()
        self._attempts += 1
        self._answer.clear()
        return httpx.Request(METHOD, self._target.url, headers=dict(self._target.headers), content=self._body)

    def timeouts(self) -> dict[str, float]:
        """Return the time that is left, as httpx wants to be told it: for each step by its name."""
        return dict.fromkeys(("connect", "read", "write", "pool"), min(self.time_left, LONGEST_STEP))

    def take(self, piece: bytes) -> None:
        """Take in a piece of the answer's body.

        Raises:
            TimedOut: the time is over.
            NotAPredictionServer: the answer never ends.
        """
        self._check_time()
        self._answer += piece
        if len(self._answer) > MAX_ANSWER_BYTES:
            raise NotAPredictionServer(f"{self._target.shown} sends more than an answer can hold.")

    def conclude(self, status: int, headers: Mapping[str, str]) -> Prediction | float:
        """Read the whole answer: the prediction, or seconds to wait before another attempt.

        Args:
            status: of HTTP.
            headers: of the answer; names are looked up in any case, as httpx does.

        Raises:
            PredictionError: the answer is a refusal, or no answer of a prediction server.
        """
        request_id = headers.get(REQUEST_ID_HEADER, "")
        try:
            answer = read(bytes(self._answer))
        except NotAnAnswer as error:
            raise self._stranger(status, headers) from error
        if isinstance(answer, Success):
            result = answer.predictResult
            scores = {entry.name: entry.threshold for entry in result.thresholdList}
            if result.prediction not in scores:
                raise NotAPredictionServer(f"{self._target.shown} predicts a class that it gives no score for.")
            elapsed = self._clock() - self._began
            return Prediction(result.prediction, scores[result.prediction], scores, request_id, elapsed)
        retry_after = _seconds(headers.get("Retry-After"))
        if answer.code in {Code.TOO_MANY_REQUESTS.number, Code.OVERLOADED.number}:
            pause = self._pause(retry_after)
            if pause is not None:
                return pause
        detail = answer.detail or answer.message or f"{self._target.shown} gives no prediction."
        raise error_for(answer.code, detail, request_id=answer.requestId or request_id, retry_after=retry_after)

    def broken(self, error: Exception) -> float:
        """Return seconds to wait before another attempt, after one that broke.

        Raises:
            NoAnswer: there is no further attempt.
        """
        if isinstance(error, (httpx.TimeoutException, TimeoutError)):
            raise self._timed_out() from error
        pause = self._pause(None) if isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError)) else None
        if pause is not None:
            return pause
        raise self._unreachable(error) from error

    def _pause(self, asked: float | None) -> float | None:
        """Seconds to wait, or None where no attempt is left or the wait would outlast the time."""
        pause = FIRST_PAUSE * 2 ** (self._attempts - 1) if asked is None else asked
        return pause if self._attempts <= self._target.retries and pause < self.time_left else None

    def _check_time(self) -> None:
        if self._clock() - self._began >= self._target.timeout:
            raise self._timed_out()

    def _timed_out(self) -> TimedOut:
        return TimedOut(f"{self._target.shown} gave no answer within {self._target.timeout:g} s.")

    def _unreachable(self, error: Exception) -> NoAnswer:
        reason = str(error).rstrip(".") or type(error).__name__
        if isinstance(error, httpx.ConnectError) and isinstance(_root(error), ssl.SSLError):
            return ConnectionFailed(
                f"{self._target.shown} cannot be reached safely ({reason}); does the server speak https, and is its "
                "certificate known here?"
            )
        if isinstance(error, httpx.ConnectError):
            return ConnectionFailed(f"{self._target.shown} cannot be reached ({reason}); is the server running?")
        if isinstance(error, (httpx.NetworkError, httpx.ProxyError)):
            return ConnectionFailed(f"The connection to {self._target.shown} broke ({reason}).")
        if isinstance(error, httpx.RemoteProtocolError):
            return ConnectionFailed(f"{self._target.shown} hung up before it had answered ({reason}).")
        return NotAPredictionServer(f"{self._target.shown} cannot be spoken to ({reason}).")

    def _stranger(self, status: int, headers: Mapping[str, str]) -> NotAPredictionServer:
        kind = headers.get("Content-Type", "no content type")
        hint = "is this the complete URL, such as http://host:8000/api/image/my-model?"
        if place := headers.get("Location"):
            hint = f"it points to {urlsplit(place)._replace(query='').geturl()}; ask there."
        return NotAPredictionServer(
            f"{self._target.shown} answered HTTP {status} with {kind}, which no prediction server does; {hint}"
        )


def _root(error: BaseException) -> BaseException:
    """What an error was raised from in the beginning."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _seconds(retry_after: str | None) -> float | None:
    """Read a `Retry-After` header, seconds or a date, as seconds from now."""
    if retry_after is None:
        return None
    try:
        return max(float(retry_after), 0.0)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
