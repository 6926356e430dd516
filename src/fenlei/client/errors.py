"""Everything that can stand in the way of a prediction, as one family.

PredictionError          no prediction; `code`, `detail` and `request_id` say what the server said
├── UnreadableSource     what was given is no picture at all: no such file, a text file object, an array of another type
├── BadRequest           10310, 10311: the request is not what the contract asks for
├── NotAPicture          10440: not a JPEG or PNG, or damaged
├── PictureTooLarge      10441: a file of more than 4 MiB
├── BadPixels            10442: a side under 30 or over 4096 pixels
├── BadRatio             10443: more than three times as long as wide
├── BadKey               2000: no key, an unknown one, or one that may not ask here
├── UpstreamFailed       1100: no such deployment, a stopped one, or its model service is gone
├── ServerFailed         -2, 2100: the server failed on this request
├── TryLater             the server would answer later; `retry_after` seconds from now where it said so
│   ├── TooManyRequests  2001
│   ├── QuotaUsedUp      2002
│   └── Overloaded       2003
└── NoAnswer             nothing came back that can be read
    ├── ConnectionFailed
    ├── TimedOut
    └── NotAPredictionServer

A code that is none of these (a server newer than this client) is a plain PredictionError.
"""

from __future__ import annotations

from fenlei.contract import Code, FenleiError


class PredictionError(FenleiError):
    """There is no prediction.

    Attributes:
        code: the number the contract gives this, also where the client found out by itself; None where there is none.
        detail: one sentence on what was wrong and what is allowed, in the language the client asked for.
        request_id: by which the server's log knows the request; empty where nothing was sent.
    """

    def __init__(self, detail: str, *, code: int | None = None, request_id: str = "") -> None:
        notes = [f"code {code}"] if code is not None else []
        notes += [f"request {request_id}"] if request_id else []
        super().__init__(f"{detail} [{', '.join(notes)}]" if notes else detail)
        self.code = code
        self.detail = detail
        self.request_id = request_id


class UnreadableSource(PredictionError):
    """What was given to predict cannot be read as a picture file, nor encoded as one."""


class BadRequest(PredictionError):
    """The request is not what the contract asks for."""


class NotAPicture(PredictionError):
    """The file is not a JPEG or PNG, or it is damaged."""


class PictureTooLarge(PredictionError):
    """The picture file has more than 4 MiB."""


class BadPixels(PredictionError):
    """A side of the picture has less than 30 or more than 4096 pixels."""


class BadRatio(PredictionError):
    """The picture is more than three times as long as it is wide."""


class BadKey(PredictionError):
    """The server does not accept the key, or misses one."""


class UpstreamFailed(PredictionError):
    """The deployment does not exist, is stopped, or its model service does not answer."""


class ServerFailed(PredictionError):
    """The server failed on this request."""


class TryLater(PredictionError):
    """The server refuses for now.

    Attributes:
        retry_after: seconds the server asks to wait; None where it does not say.
    """

    def __init__(
        self, detail: str, *, code: int | None = None, request_id: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(detail, code=code, request_id=request_id)
        self.retry_after = retry_after


class TooManyRequests(TryLater):
    """More requests per second than the key allows."""


class QuotaUsedUp(TryLater):
    """The key has used up what it was granted."""


class Overloaded(TryLater):
    """The server has more work than it can take."""


class NoAnswer(PredictionError):
    """Nothing came back that can be read."""


class ConnectionFailed(NoAnswer):
    """The server cannot be reached, or hung up."""


class TimedOut(NoAnswer):
    """The time for this prediction is over."""


class NotAPredictionServer(NoAnswer):
    """Something answered, but not as the contract says."""


_FOR_CODE: dict[int, type[PredictionError]] = {
    Code.MISSING_PARAMETER.number: BadRequest,
    Code.BAD_PARAMETER.number: BadRequest,
    Code.BAD_TYPE.number: NotAPicture,
    Code.TOO_LARGE.number: PictureTooLarge,
    Code.BAD_PIXELS.number: BadPixels,
    Code.BAD_RATIO.number: BadRatio,
    Code.BAD_KEY.number: BadKey,
    Code.UPSTREAM.number: UpstreamFailed,
    Code.INTERNAL.number: ServerFailed,
    Code.GATEWAY.number: ServerFailed,
    Code.TOO_MANY_REQUESTS.number: TooManyRequests,
    Code.QUOTA_USED_UP.number: QuotaUsedUp,
    Code.OVERLOADED.number: Overloaded,
}


def error_for(code: int, detail: str, *, request_id: str = "", retry_after: float | None = None) -> PredictionError:
    """Return the error that stands for a code of the contract."""
    kind = _FOR_CODE.get(code, PredictionError)
    if issubclass(kind, TryLater):
        return kind(detail, code=code, request_id=request_id, retry_after=retry_after)
    return kind(detail, code=code, request_id=request_id)
