"""Write an answer as it leaves the server, and read it as it reaches a caller: plain, or in the gateway's envelope."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fenlei.contract.answer import Failure, Success
from fenlei.contract.codes import Code
from fenlei.contract.errors import FenleiError

__all__ = ["PLAIN", "Envelope", "NotAnAnswer", "StatusStyle", "WireOptions", "read", "render"]

ENVELOPE_CODE = 1000
ENVELOPE_MESSAGE = "request success"


class Envelope(StrEnum):
    """What stands around an answer."""

    PLAIN = "plain"
    """Nothing: the answer as the document shows it."""

    GATEWAY = "gateway"
    """The original gateway's object, so that its clients run unchanged."""


class StatusStyle(StrEnum):
    """Which HTTP status a documented code travels with."""

    DOCUMENTED = "documented"
    """200 for every code the document lists."""

    REST = "rest"
    """A status that says the same as the code."""


class WireOptions(msgspec.Struct, frozen=True):
    """How a deployment wants to answer.

    Attributes:
        envelope: what stands around answers.
        status: which HTTP statuses they travel with.
        unknown_as: the class that pictures of nothing known are answered with; None answers them like any other.
        decide: whether the thresholds of the model have a say in which class is answered.
    """

    envelope: Envelope = Envelope.PLAIN
    status: StatusStyle = StatusStyle.DOCUMENTED
    unknown_as: str | None = None
    decide: bool = False


PLAIN = WireOptions()


class NotAnAnswer(FenleiError):
    """A body that no prediction server writes."""


class _Wrapped(msgspec.Struct):
    code: int
    message: str
    data: Success | Failure


class _Anything(msgspec.Struct):
    """Every key an answer may have, in either envelope."""

    code: int
    message: str = ""
    detail: str = ""
    requestId: str = ""  # noqa: N815 (the wire's own name)
    data: msgspec.Raw = msgspec.Raw(b"null")


_encode = msgspec.json.Encoder().encode
_read_anything = msgspec.json.Decoder(_Anything).decode
_read_success = msgspec.json.Decoder(Success).decode


def render(answer: Success | Failure, options: WireOptions = PLAIN) -> tuple[int, bytes]:
    """Return the HTTP status and the body of an answer.

    In the gateway's envelope, predictions and the model service's errors lie inside `data` with the outer code 1000;
    what the gateway itself says (2000, 1100, 2100, 2001-2003) is the outer object, without `data`.
    """
    code = Code(answer.code)
    status = code.rest_status if options.status is StatusStyle.REST else code.http_status
    if options.envelope is Envelope.GATEWAY and not code.from_gateway:
        return status, _encode(_Wrapped(ENVELOPE_CODE, ENVELOPE_MESSAGE, answer))
    return status, _encode(answer)


def read(body: bytes) -> Success | Failure:
    """Read what a server answered, in either envelope and with any HTTP status; unknown keys and codes are let in.

    Raises:
        NotAnAnswer: the body is something else.
    """
    try:
        outer = _read_anything(body)
        if outer.code == ENVELOPE_CODE:
            body = bytes(outer.data)
            outer = _read_anything(body)
        if outer.code == Code.SUCCESS.number:
            return _read_success(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAnAnswer(
            f"This is not an answer of a prediction server ({error}); a JSON object with a code is expected."
        ) from error
    return Failure(outer.code, outer.message, outer.detail, outer.requestId)
