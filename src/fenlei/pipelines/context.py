"""What a node has in its hands while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from fenlei.datasets.version_content import VersionContent
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.reference import Deployment, Model
from fenlei.store import Blobs


class Stopped(PipelineError):
    """The run shall stop; nobody needs what the node has begun."""


class Answering(NamedTuple):
    """A model answers now.

    Attributes:
        deployment: where.
        told_once: the URL with its key, where one was made just now; it is told now and kept nowhere.
    """

    deployment: Deployment
    told_once: str | None = None


class HeldDataset(NamedTuple):
    """A data set of a platform, as it was at one moment.

    Attributes:
        name: of the data set.
        version: its number.
        digest: of its manifest; as long as this is as it was, the pictures are.
        content: brings its pictures among the blobs, where they are not there, and gives the manifest.
    """

    name: str
    version: int
    digest: str
    content: Callable[[NodeContext], VersionContent]


class Reach(Protocol):
    """What nodes may ask of the rooms above, as far as whoever runs the graph can give it."""

    def dataset(self, name: str, version: int | None) -> HeldDataset:
        """A data set of the platform, by name or id; without a version as it is now, which becomes one.

        Raises:
            FenleiError: there is no platform, or it has no such data set or version.
        """
        ...

    def publish(self, model: Model, name: str, *, open_to_all: bool) -> Answering:
        """Let a model answer under a name.

        Raises:
            FenleiError: it cannot.
        """
        ...


def _quiet(stage: str, fraction: float) -> None:
    pass


def _silent(text: str) -> None:
    pass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class NodeContext:
    """For one node of one run. Its functions may be called from any thread.

    Attributes:
        blobs: what references name.
        cache: the workspace's cache folder.
        reach: what is above.
        engine: what runs networks; see `fenlei.inference.open_engine`.
        backbone: used where a node names none; None: whatever training chooses.
        progress: told what it is busy with, and how far it is, 0 to 1.
        log: told lines for people.
        cancelled: asked often; True stops.
    """

    blobs: Blobs
    cache: Path
    reach: Reach
    engine: str = "auto"
    backbone: str | None = None
    progress: Callable[[str, float], None] = field(default=_quiet)
    log: Callable[[str], None] = field(default=_silent)
    cancelled: Callable[[], bool] = field(default=_never)

    def check(self) -> None:
        """Stop here if the run shall stop.

        Raises:
            Stopped: it shall.
        """
        if self.cancelled():
            raise Stopped("The run was called off.")
