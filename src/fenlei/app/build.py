"""Wire a serving process: models, engines, desk, endpoints, door, application."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fenlei.contract import Envelope, FenleiError, StatusStyle, WireOptions, check_name, is_name
from fenlei.gateway.door import Deployment, Door
from fenlei.gateway.keys import KeyRing
from fenlei.inference import Engine, open_engine, usable_cores
from fenlei.serving.asgi import App
from fenlei.serving.choice import lacking
from fenlei.serving.desk import Desk
from fenlei.serving.host import LoadedModel
from fenlei.serving.room import ServingRoom
from fenlei.settings import Settings


class ServeError(FenleiError):
    """These models cannot be served together like this."""


@dataclass(frozen=True)
class ServedModel:
    """A model file and the name it is served under.

    Attributes:
        path: of the model file.
        name: last segment of its URL; made from the file's name when absent.
    """

    path: Path
    name: str | None = None


@dataclass(frozen=True)
class Address:
    """Where a deployment is called.

    Attributes:
        name: of the deployment.
        url: complete, with the key when one is needed. Anyone who has it can call.
    """

    name: str
    url: str


@dataclass(frozen=True)
class Ready:
    """What a person wants to know once the server answers.

    Attributes:
        base: scheme, host and port.
        addresses: one per deployment, in the order of the models.
        key: opens them; None when they are open.
        key_made: whether the key was made here, and is seen now or never.
    """

    base: str
    addresses: tuple[Address, ...]
    key: str | None
    key_made: bool


@dataclass
class House:
    """A wired serving process.

    Attributes:
        app: the ASGI application.
        names: of the deployments, in the order of the models.
        room: the models, their engines, and the queue before them.
    """

    app: App
    names: tuple[str, ...]
    room: ServingRoom

    @property
    def desk(self) -> Desk:
        """The queue and its workers."""
        return self.room.desk

    def close(self, timeout: float = 5.0) -> None:
        """Finish what is at the desk, then let go of the engines."""
        self.room.close(timeout)


def build(
    models: Sequence[ServedModel],
    settings: Settings,
    *,
    key: str | None,
    envelope: Envelope = Envelope.PLAIN,
    status: StatusStyle = StatusStyle.DOCUMENTED,
    unknown_as: str | None = None,
    decide: bool = False,
    opener: Callable[..., Engine] = open_engine,
    idle: Callable[[], None] | None = None,
) -> House:
    """Load the models and wire what answers for them. Nothing listens yet.

    Args:
        models: at least one.
        settings: of this process.
        key: opens every deployment; None leaves them open.
        envelope: what stands around answers.
        status: which HTTP statuses they travel with.
        unknown_as: the class that pictures of nothing known are answered with.
        decide: whether the thresholds of the models have a say.
        opener: opens engines.
        idle: called when a second has passed without work.

    Raises:
        ServeError: no model, two with one name, or one that cannot answer as it is asked to.
        FenleiError: a model cannot be loaded; see `ModelHost.load`.
    """
    names = _names(models)
    options = WireOptions(envelope, status, unknown_as, decide)
    room = open_room(settings, opener=opener, idle=idle)
    try:
        loaded = room.host.load_all([model.path for model in models])
        for model in loaded:
            _check_able(model, options)
    except BaseException:
        room.close()
        raise
    deployments = [
        Deployment(name, room.seat(model, name), open=key is None, options=options)
        for name, model in zip(names, loaded, strict=True)
    ]
    door = Door(deployments, KeyRing([] if key is None else [key]), options)
    app = App(door.predict, room.metrics, options, log_requests=settings.log_requests)
    app.open()
    return House(app, names, room)


def open_room(
    settings: Settings,
    *,
    opener: Callable[..., Engine] = open_engine,
    idle: Callable[[], None] | None = None,
) -> ServingRoom:
    """What all models of this process will share."""
    return ServingRoom.open(
        cache=settings.cache,
        kind=settings.engine,
        streams=settings.threads or usable_cores(),
        places=settings.queue,
        patience=settings.patience,
        bodies=settings.bodies,
        opener=opener,
        idle=idle,
    )


def _check_able(model: LoadedModel, options: WireOptions) -> None:
    predictor = model.predictor
    why = lacking(
        predictor.labels,
        options,
        has_rule=predictor.unknown is not None,
        has_thresholds=predictor.decision is not None,
    )
    if why is not None:
        raise ServeError(f"{model.path} cannot answer like that. {why}")


def _names(models: Sequence[ServedModel]) -> tuple[str, ...]:
    if not models:
        raise ServeError("There is no model to serve; name at least one NAME.fenlei.")
    names = [check_name(model.name) if model.name is not None else _name_of(model.path) for model in models]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise ServeError(
                f"Two models would be served as {name!r}: {models[names.index(name)].path} and {models[number].path}. "
                "Give one of them another name."
            )
    return tuple(names)


def _name_of(path: Path) -> str:
    """A deployment name from a file's: `My Cats.fenlei` is served as `my-cats`."""
    name = re.sub(r"[^a-z0-9_-]+", "-", path.stem.lower()).strip("-")[:64]
    return name if is_name(name) else "model"
