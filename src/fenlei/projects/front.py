"""The seam between what people decide about deployments and the servers that answer for them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fenlei.contract import WireOptions
from fenlei.store.tables import ModelVersion


class State(StrEnum):
    """How a deployment stands on one server."""

    SERVING = "serving"
    """It answers."""

    STOPPED = "stopped"
    """Somebody stopped it; it answers 1100."""

    FAILED = "failed"
    """Its model cannot be loaded here; it answers 1100, and loading is tried again."""

    LOADING = "loading"
    """This server has not come to it yet."""


@dataclass(frozen=True)
class Condition:
    """How a deployment stands on one server.

    Attributes:
        state: in a word.
        reason: why it failed, as a sentence; empty otherwise.
        model_version_id: what answers at this moment; None when nothing does.
        engine: the name of the engine under it; empty when nothing answers.
    """

    state: State
    reason: str = ""
    model_version_id: str | None = None
    engine: str = ""


@dataclass(frozen=True)
class Answered:
    """What the public door said to a try.

    Attributes:
        status: of HTTP.
        body: of the answer, JSON.
        seconds: from the request to the whole answer.
    """

    status: int
    body: bytes
    seconds: float


class Prepared(Protocol):
    """A model version that is loaded and proven on one server, before anybody is sent to it."""

    @property
    def model_version_id(self) -> str:
        """Which one."""
        ...

    def lacking(self, options: WireOptions) -> str | None:
        """The sentence that says why it cannot answer with these options; None where it can."""
        ...


class Front(Protocol):
    """A server, seen from the use cases: it answers for deployments, and the database says which.

    Promises, kept by every implementation and examined by one suite:

    - The database decides. After `follow` every new request is answered as the database said when `follow` began, or
      later; a `follow` that comes late never brings an older state back.
    - No request fails because of a change: those that were let in before it end on the model they began with, which
      is let go of when the last of them has ended.
    - A model that cannot be loaded is a condition with a reason, never an exception out of `follow`.
    - Everything here may be called from any thread.
    """

    def prepare(self, version: ModelVersion) -> Prepared:
        """Load a model version and run its parity pictures. Nobody is sent to it yet.

        Raises:
            FenleiError: it cannot be loaded here, or does not score as it did when it was made.
        """
        ...

    def discard(self, prepared: Prepared) -> None:
        """Let go of a prepared model that is not wanted after all."""
        ...

    def follow(self, deployment_id: str, prepared: Prepared | None = None) -> None:
        """Bring one deployment to where the database has it, now.

        Args:
            deployment_id: also of one that was removed.
            prepared: used if it is the version that is wanted, else discarded.
        """
        ...

    def condition(self, deployment_id: str) -> Condition:
        """How the deployment stands on this server."""
        ...

    def try_out(self, name: str, body: bytes, headers: dict[str, str]) -> Answered:
        """Send a request through the public door of this server, as a caller would who has the key.

        Args:
            name: of the deployment.
            body: of the request.
            headers: of the request.

        Raises:
            FenleiError: this server takes no requests.
        """
        ...
