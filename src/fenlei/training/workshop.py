"""Where candidates are worked on: backbones and engines are opened once, when first needed, and closed at the end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import numpy as np

from fenlei.backbones import Backbone, open_backbone
from fenlei.imaging import InputSpec
from fenlei.inference.engine import Engine
from fenlei.inference.open import open_engine
from fenlei.training.look import Embedded, Picture, features_of
from fenlei.training.plan import Candidate, input_spec
from fenlei.training.progress import Watch

_TRIALS = 6


class Workshop(AbstractContextManager["Workshop"]):
    """Backbones, engines and features by candidate.

    Args:
        cache: the workspace's cache folder: `backbones/`, `compiled/` and `embeddings/` are below it.
        watch: progress and stop.
        kind: what runs networks; see `fenlei.inference.open_engine`.

    Attributes:
        computed: how many pictures ran through a network so far; all others came from the cache.
    """

    def __init__(self, cache: Path, watch: Watch, kind: str = "openvino") -> None:
        self._cache = cache
        self._watch = watch
        self._kind = kind
        self._backbones: dict[tuple[str, int | None], Backbone] = {}
        self._engines: dict[tuple[str, int], Engine] = {}
        self.computed = 0

    def backbone(self, candidate: Candidate) -> Backbone:
        """The candidate's backbone, exported if need be.

        Raises:
            BackboneError: it cannot be had.
        """
        key = candidate.backbone, candidate.size
        if key not in self._backbones:
            self._backbones[key] = open_backbone(candidate.backbone, size=candidate.size, cache=self._cache)
        return self._backbones[key]

    def opened(self, candidate: Candidate) -> Backbone | None:
        """The candidate's backbone if it was needed before; None where it was not, or could not be had."""
        return self._backbones.get((candidate.backbone, candidate.size))

    def spec(self, candidate: Candidate) -> InputSpec:
        """The candidate's preprocessing."""
        return input_spec(self.backbone(candidate).size, candidate.policy)

    def engine(self, candidate: Candidate) -> Engine:
        """The engine that runs the candidate's backbone. It stays open for later use; candidates that differ in
        policy alone share one.

        Raises:
            EngineError: the network cannot be run here.
        """
        backbone = self.backbone(candidate)
        key = backbone.digest, backbone.size
        if key not in self._engines:
            side = (backbone.size, backbone.size)
            self._engines[key] = open_engine(
                backbone.network, size=side, kind=self._kind, cache=self._cache / "compiled"
            )
        return self._engines[key]

    def features(self, candidate: Candidate, pictures: Sequence[Picture]) -> Embedded:
        """Features of these pictures, from the cache where they are in it; see `look.features_of`."""
        embedded = features_of(
            pictures,
            self.backbone(candidate),
            self.spec(candidate),
            open_engine=lambda: self.engine(candidate),
            cache=self._cache,
            watch=self._watch,
        )
        self.computed += embedded.computed
        return embedded

    def seconds_per_picture(self, candidate: Candidate) -> float:
        """Measured wall seconds of the network alone, all cores busy."""
        engine, spec = self.engine(candidate), self.spec(candidate)
        pixels = np.zeros((_TRIALS * engine.streams, spec.height, spec.width, 3), np.uint8)
        engine.infer(pixels[: engine.streams])  # the first run is slower than the rest
        started = time.monotonic()
        engine.infer(pixels)
        return (time.monotonic() - started) / len(pixels)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for engine in self._engines.values():
            engine.close()
