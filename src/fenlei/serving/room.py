"""What all models of one process share: engines, the desk, memory for bodies, figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fenlei.inference import Engine, open_engine
from fenlei.serving.desk import Desk
from fenlei.serving.endpoint import BodyBudget, Endpoint
from fenlei.serving.handler import Handler
from fenlei.serving.host import LoadedModel, ModelHost
from fenlei.serving.metrics import Metrics


@dataclass(frozen=True)
class ServingRoom:
    """The room in which models answer.

    Attributes:
        host: the models and their engines.
        desk: the queue and its workers.
        budget: room for bodies.
        metrics: where answers are counted.
    """

    host: ModelHost
    desk: Desk
    budget: BodyBudget
    metrics: Metrics

    @classmethod
    def open(
        cls,
        *,
        cache: Path,
        kind: str,
        streams: int,
        places: int,
        patience: float,
        bodies: int,
        opener: Callable[..., Engine] = open_engine,
        idle: Callable[[], None] | None = None,
    ) -> ServingRoom:
        """Start the workers; no model is loaded yet.

        Args:
            cache: the workspace's cache.
            kind: the engine; see `open_engine`.
            streams: pictures in the network side by side.
            places: requests that may wait.
            patience: seconds a request may wait.
            bodies: bytes of request bodies that may be in memory at one time.
            opener: opens engines.
            idle: called when a second has passed without work.
        """
        metrics = Metrics()
        # One more than run side by side: it prepares the next picture while the others wait for the network or for
        # Python.
        desk = Desk(workers=streams + 1, places=places, patience=patience, idle=idle)
        metrics.watch(desk)
        host = ModelHost(cache=cache, kind=kind, streams=streams, opener=opener)
        return cls(host, desk, BodyBudget(bodies), metrics)

    def seat(self, model: LoadedModel, deployment: str) -> Endpoint:
        """Let a loaded model answer for a deployment; it is named in the figures."""
        self.metrics.model(*_labels(model, deployment))
        handler = Handler(model.predictor, deployment, inferred=self.metrics.inferred)
        return Endpoint(handler, self.desk, self.budget, deployment, refused=self.metrics.refused)

    def unseat(self, model: LoadedModel, deployment: str) -> None:
        """Name it in the figures no longer."""
        self.metrics.forget_model(*_labels(model, deployment))

    def close(self, timeout: float = 5.0) -> None:
        """Finish what is at the desk, then let go of the engines."""
        if self.desk.close(timeout):
            self.host.close()


def _labels(model: LoadedModel, deployment: str) -> tuple[str, str, str, int, str]:
    backbone = model.manifest.backbone
    return deployment, backbone.id, backbone.digest, len(model.manifest.labels), model.engine
