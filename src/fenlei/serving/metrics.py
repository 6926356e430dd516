"""The figures a Prometheus server reads at /metrics."""

from __future__ import annotations

import contextlib

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from fenlei.serving.desk import Desk

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0)
_INFERENCE_SECONDS = (0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.016, 0.025, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """Counters of one serving process, in a registry of their own. Safe from many threads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "fenlei_requests",
            "Answers by deployment and contract code.",
            ["deployment", "code"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "fenlei_request_seconds",
            "From the request's head to the answer's end.",
            ["deployment"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._inference = Histogram(
            "fenlei_inference_seconds",
            "One picture through network and head.",
            buckets=_INFERENCE_SECONDS,
            registry=self.registry,
        )
        self._refused = Counter(
            "fenlei_refused", "Requests answered 2003, by reason.", ["reason"], registry=self.registry
        )
        self._gone = Counter("fenlei_callers_gone", "Callers who hung up before the answer.", registry=self.registry)
        self._in_flight = Gauge("fenlei_in_flight", "Prediction requests in the house.", registry=self.registry)
        self._depth = Gauge("fenlei_queue_depth", "Requests that wait for a worker.", registry=self.registry)
        self._running = Gauge("fenlei_workers_busy", "Workers that are at work.", registry=self.registry)
        self._model = Gauge(
            "fenlei_model_info",
            "1 for every model that is served.",
            ["deployment", "backbone", "backbone_digest", "classes", "engine"],
            registry=self.registry,
        )

    def watch(self, desk: Desk) -> None:
        """Read the queue's depth whenever the figures are asked for."""
        self._depth.set_function(lambda: desk.depth)
        self._running.set_function(lambda: desk.running)

    def model(self, deployment: str, backbone: str, digest: str, classes: int, engine: str) -> None:
        """Name a model that is served."""
        self._model.labels(deployment, backbone, digest[:12], str(classes), engine).set(1)

    def forget_model(self, deployment: str, backbone: str, digest: str, classes: int, engine: str) -> None:
        """Name it no longer; naming one that is not named is fine."""
        with contextlib.suppress(KeyError):
            self._model.remove(deployment, backbone, digest[:12], str(classes), engine)

    def arrived(self) -> None:
        """A prediction request came in."""
        self._in_flight.inc()

    def left(self) -> None:
        """It was answered, or its caller left."""
        self._in_flight.dec()

    def answered(self, deployment: str, code: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(deployment, str(code)).inc()
        self._seconds.labels(deployment).observe(seconds)

    def gone(self) -> None:
        """Count a caller who hung up."""
        self._gone.inc()

    def inferred(self, seconds: float) -> None:
        """Note the time of one pass through the model."""
        self._inference.observe(seconds)

    def refused(self, reason: str) -> None:
        """Count a 2003."""
        self._refused.labels(reason).inc()

    def page(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)
