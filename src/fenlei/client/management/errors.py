"""Everything that can stand in the way of a management call, as one family.

PlatformError            the call was not carried out; `status`, `type`, `field` and `allowed` say what the server said
├── NotSignedIn          401: no token, or one that is revoked or has run out
├── NotAllowed           403: the token's role is too small for this
├── NotFound             404: there is nothing of this id
├── Conflict             409: it cannot be done in the present state
├── ChangedMeanwhile     412: somebody else was faster; read it again
├── NotPossible          400, 413, 422: a value is not allowed; `field` names it
├── TryLater             429, 503: not now; `retry_after` seconds where the server said so
├── ServerFailed         any other 5xx
├── Unreachable          no answer came back, or none of a Fenlei platform
└── RunEnded             a run that was waited for failed or was cancelled; `run` has more
"""

from __future__ import annotations

from collections.abc import Sequence

from fenlei.client.management.graph_records import Problem
from fenlei.contract.errors import FenleiError


class PlatformError(FenleiError):
    """A management call was not carried out.

    Attributes:
        status: of the HTTP answer; 0 without one.
        type: the kind of error, by which programs decide.
        field: the part of the request that is wrong.
        allowed: what would be right there.
        request_id: names the call in the server's log.
        problems: everything that is wrong with a graph that cannot run; none otherwise.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        type: str = "",  # noqa: A002 (the name on the wire)
        field: str | None = None,
        allowed: str | None = None,
        request_id: str = "",
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.field = field
        self.allowed = allowed
        self.request_id = request_id
        self.problems = list(problems)


class NotSignedIn(PlatformError):
    """There is no token, or it is revoked or has run out."""


class NotAllowed(PlatformError):
    """The token's role is too small."""


class NotFound(PlatformError):
    """There is nothing of this id."""


class Conflict(PlatformError):
    """It cannot be done in the present state."""


class ChangedMeanwhile(PlatformError):
    """Somebody else was faster."""


class NotPossible(PlatformError):
    """A value is not allowed."""


class TryLater(PlatformError):
    """Not now.

    Attributes:
        retry_after: seconds; None where the server did not say.
    """

    retry_after: float | None = None


class ServerFailed(PlatformError):
    """The server failed on its own account."""


class Unreachable(PlatformError):
    """Nobody answered, or nobody who speaks as a Fenlei platform does."""


BY_STATUS: dict[int, type[PlatformError]] = {
    400: NotPossible,
    401: NotSignedIn,
    403: NotAllowed,
    404: NotFound,
    405: NotFound,
    409: Conflict,
    411: NotPossible,
    412: ChangedMeanwhile,
    413: NotPossible,
    422: NotPossible,
    429: TryLater,
    503: TryLater,
}
