"""The front of a server that loads models itself: what the database wants is what its door does."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fenlei.contract import Envelope, FenleiError, StatusStyle, WireOptions
from fenlei.gateway.door import Deployment, Door, Upstream
from fenlei.gateway.keys import KeyRing
from fenlei.gateway.leaving import Leaving
from fenlei.gateway.model_files import ModelFiles
from fenlei.gateway.own_caller import OwnCaller
from fenlei.gateway.unavailable import FAILED, STOPPED, Unavailable
from fenlei.modelfile import ModelFileError, read
from fenlei.projects.front import Answered, Condition, Prepared, State
from fenlei.serving.choice import lacking
from fenlei.serving.endpoint import Endpoint
from fenlei.serving.errors import ModelNotServable
from fenlei.serving.host import LoadedModel
from fenlei.serving.room import ServingRoom
from fenlei.store import Store
from fenlei.store.deployments import Mark, Standing
from fenlei.store.tables import ModelVersion

log = logging.getLogger(__name__)

LOADING_SIDE_BY_SIDE = 2
TRY_AGAIN_SECONDS = (5.0, 60.0)
"""After which a model that could not be loaded is tried again: the first time, and at most; each time twice as long."""


@dataclass(frozen=True)
class Loaded:
    """A model version in memory.

    Attributes:
        model_version_id: which one.
        model: ready to answer.
    """

    model_version_id: str
    model: LoadedModel

    def lacking(self, options: WireOptions) -> str | None:
        """Why it cannot answer with these options; None where it can."""
        predictor = self.model.predictor
        return lacking(
            predictor.labels,
            options,
            has_rule=predictor.unknown is not None,
            has_thresholds=predictor.decision is not None,
        )


@dataclass(frozen=True)
class _Seat:
    """A model that answers for a deployment."""

    loaded: Loaded
    endpoint: Endpoint


@dataclass
class _Line:
    """What this server does about one deployment."""

    wanted: Standing
    reached: Standing | None = None
    seat: _Seat | None = None
    reason: str = ""
    failures: int = 0
    try_again: float = 0.0

    @property
    def state(self) -> State:
        if not self.wanted.running:
            return State.STOPPED
        if self.reason:
            return State.FAILED
        return State.LOADING if self.seat is None else State.SERVING

    def is_due(self) -> bool:
        return self.state is State.FAILED and time.monotonic() >= self.try_again


class LocalFront:
    """Keeps a door as the database wants it. Safe from many threads; see `fenlei.projects.front.Front`."""

    def __init__(self, store: Store, files: ModelFiles, room: ServingRoom, door: Door) -> None:
        """Answer for nothing yet; `follow_all` comes first.

        Args:
            store: says what is wanted.
            files: model files on this disk.
            room: where models answer.
            door: sends requests to them.
        """
        self._store = store
        self._files = files
        self._room = room
        self._door = door
        self._leaving = Leaving()
        self._caller = OwnCaller()
        self._lines: dict[str, _Line] = {}
        self._owners: dict[str, str] = {}  # deployment ids by name; a name may come back with another id
        self._naming = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._seen: Mark | None = None

    def attach(self, loop: asyncio.AbstractEventLoop, address: tuple[str, int]) -> None:
        """Name the event loop on which requests are let in, and the address at which this machine reaches it."""
        self._leaving.attach(loop)
        self._caller.attach(address)

    def prepare(self, version: ModelVersion) -> Loaded:
        """Load a model version and run its parity pictures."""
        path, called = self._files.path_of(version.sha256), f"The model version {version.id}"
        try:
            model = read(path)
        except ModelFileError as exc:
            raise ModelNotServable(str(exc).replace(str(path), called)) from exc
        return Loaded(version.id, self._room.host.adopt(model, Path(called)))

    def discard(self, prepared: Prepared) -> None:
        """Let go of a prepared model that is not wanted after all."""
        self._room.host.release(_own(prepared).model)

    def follow(self, deployment_id: str, prepared: Prepared | None = None) -> None:
        """Bring one deployment to where the database has it, now. What cannot be done is logged and tried again."""
        self._store.settle()
        self._follow(deployment_id, prepared)

    def follow_all(self) -> bool:
        """Bring every deployment to where the database has it, where that changed or failed before.

        Returns:
            Whether there was anything to do.
        """
        with self._store.reading() as work:
            mark = work.deployments.mark()
            if mark == self._seen and not any(line.is_due() for line in list(self._lines.values())):
                return False
            wanted = {standing.id: standing for standing in work.deployments.standings()}
        changed = [id_ for id_, standing in wanted.items() if self._lags(standing)]
        changed += [id_ for id_ in list(self._lines) if id_ not in wanted]
        if changed:
            with ThreadPoolExecutor(LOADING_SIDE_BY_SIDE, "fenlei-follow") as pool:
                if not all(list(pool.map(self._follow, changed))):
                    return True
        self._seen = mark
        return bool(changed)

    def tidy(self) -> None:
        """Remove model files from this disk that no deployment stands on."""
        with self._store.reading() as work:
            self._files.keep_only({standing.version.sha256 for standing in work.deployments.standings()})

    def condition(self, deployment_id: str) -> Condition:
        """How the deployment stands on this server."""
        line = self._lines.get(deployment_id)
        if line is None:
            return Condition(State.LOADING)
        seat = line.seat
        if seat is None:
            return Condition(line.state, line.reason)
        return Condition(line.state, line.reason, seat.loaded.model_version_id, seat.loaded.model.engine)

    def try_out(self, name: str, body: bytes, headers: dict[str, str]) -> Answered:
        """Send a request through the public door of this server, as a caller would who has the key."""
        return self._caller.call(name, body, headers)

    @property
    def leaving(self) -> int:
        """Models whose place was taken and in which requests still are."""
        return self._leaving.count

    def close(self) -> None:
        """Wait no longer for models that leave. The door and the room are their owners' to close."""
        self._leaving.close()

    def _follow(self, deployment_id: str, prepared: Prepared | None = None) -> bool:
        """Whether this server is where the database has the deployment, a failed model included."""
        offered = None if prepared is None else _own(prepared)
        try:
            with self._turns.setdefault(deployment_id, threading.Lock()):
                with self._store.reading() as work:
                    wanted = work.deployments.standing(deployment_id)
                if wanted is None:
                    self._forget(deployment_id)
                else:
                    offered = self._bring(self._lines.setdefault(deployment_id, _Line(wanted)), wanted, offered)
            return True
        except Exception:
            log.exception("deployment_not_followed", extra={"deployment_id": deployment_id})
            return False
        finally:
            if offered is not None:
                self.discard(offered)

    def _bring(self, line: _Line, wanted: Standing, offered: Loaded | None) -> Loaded | None:
        """Bring a deployment to where it is wanted; returns what was offered and is not needed."""
        line.wanted = wanted
        if not wanted.running:
            self._seat(line, wanted, None, Unavailable(wanted.name, STOPPED))
            log.info("deployment_stopped", extra={"deployment": wanted.name})
            return offered
        if line.seat is not None:
            # Keys and options hold at once, also while another model is being loaded.
            self._connect(wanted, line.seat.endpoint)
            if line.seat.loaded.model_version_id == wanted.model_version_id:
                line.reached = wanted
                return offered
        fits = offered is not None and offered.model_version_id == wanted.model_version_id
        try:
            loaded = offered if fits and offered is not None else self.prepare(wanted.version)
        except Exception as exc:  # noqa: BLE001 (whatever it is, it is this deployment's own trouble)
            self._fail(line, wanted, exc)
            return offered
        if line.seat is not None:  # the figures know one model by deployment; both may look alike there
            self._room.unseat(line.seat.loaded.model, wanted.name)
        seat = _Seat(loaded, self._room.seat(loaded.model, wanted.name))
        self._seat(line, wanted, seat, seat.endpoint)
        log.info("deployment_serves", extra={"deployment": wanted.name, "model_version": wanted.model_version_id})
        return None if fits else offered

    def _fail(self, line: _Line, wanted: Standing, exc: Exception) -> None:
        failures = line.failures + 1
        self._seat(line, wanted, None, Unavailable(wanted.name, FAILED))
        known = isinstance(exc, FenleiError)
        line.reason = str(exc) if known else f"{type(exc).__name__}: {exc}"
        line.failures = failures
        first, most = TRY_AGAIN_SECONDS
        line.try_again = time.monotonic() + min(most, first * 2 ** (failures - 1))
        fields = {"deployment": wanted.name, "model_version": wanted.model_version_id, "reason": line.reason}
        log.error("deployment_failed", extra=fields, exc_info=None if known else exc)

    def _seat(self, line: _Line, wanted: Standing, seat: _Seat | None, upstream: Upstream) -> None:
        """Send new requests to `upstream`, and let go of who answered before when the last request there has ended."""
        self._connect(wanted, upstream)
        before, line.seat, line.reached = line.seat, seat, wanted
        line.reason, line.failures = "", 0
        if before is not None:
            self._dismiss(before, wanted.name, named=seat is None)

    def _connect(self, wanted: Standing, upstream: Upstream) -> None:
        ring = KeyRing(digests=[*map(bytes.fromhex, wanted.keys), self._caller.digest])
        options = WireOptions(
            Envelope(wanted.envelope), StatusStyle(wanted.status_style), wanted.unknown_as, wanted.decide
        )
        with self._naming:
            self._owners[wanted.name] = wanted.id
            self._door.connect(Deployment(wanted.name, upstream, wanted.open, options, ring))

    def _forget(self, deployment_id: str) -> None:
        line = self._lines.pop(deployment_id, None)
        if line is None:
            return
        name = line.wanted.name
        with self._naming:
            if self._owners.get(name) == deployment_id:
                del self._owners[name]
                self._door.disconnect(name)
        if line.seat is not None:
            self._dismiss(line.seat, name)
        log.info("deployment_gone", extra={"deployment": name})

    def _dismiss(self, seat: _Seat, name: str, *, named: bool = True) -> None:
        if named:
            self._room.unseat(seat.loaded.model, name)
        self._leaving.add(seat.endpoint, partial(self._room.host.release, seat.loaded.model))

    def _lags(self, wanted: Standing) -> bool:
        line = self._lines.get(wanted.id)
        return line is None or line.reached != wanted or line.is_due()


def _own(prepared: Prepared) -> Loaded:
    if not isinstance(prepared, Loaded):
        raise TypeError(f"{type(prepared).__name__} was prepared by another front")
    return prepared
