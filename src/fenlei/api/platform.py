"""What the management API stands on, filled in by the wiring."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from fenlei.projects.front import Front
from fenlei.store import Store


@dataclass(frozen=True)
class Platform:
    """The parts of one running platform.

    Attributes:
        store: database and blobs.
        uploads: folder for what is being sent.
        cache: folder for what can be made again.
        base_url: scheme, host and port under which people reach this server.
        hosts: names by which it may be addressed; requests to others are refused.
        import_roots: folders below which data sets may be imported by path, and graphs may read; none: nowhere.
        engine: what runs networks when a model that was brought along is tried.
        front: answers for deployments; None where no predictions are served.
        draining: set when the server is about to stop; streams that have no end of their own end then.
    """

    store: Store
    uploads: Path
    cache: Path
    base_url: str
    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost", "[::1]"})
    import_roots: tuple[Path, ...] = field(default=())
    engine: str = "auto"
    front: Front | None = None
    draining: Event = field(default_factory=Event)
