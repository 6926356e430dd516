"""Load model files for serving: verified, on shared engines, proven on their parity pictures, warm."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fenlei.backbones import by_digest
from fenlei.contract import Refused
from fenlei.imaging.errors import Unreadable
from fenlei.imaging.resize import to_input
from fenlei.inference import Engine, open_engine, usable_cores
from fenlei.modelfile import Manifest, ModelFile, ParityPicture, read
from fenlei.serving.errors import BackboneMissing, ModelNotServable, ScoresMoved
from fenlei.serving.predictor import Predictor

log = logging.getLogger(__name__)

EngineKey = tuple[str, int, int]
"""Digest of the network, height, width."""


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to answer.

    Attributes:
        path: where it was read from.
        manifest: what it says of itself.
        predictor: scores pictures with it.
        engine: the name of the engine under it.
    """

    path: Path
    manifest: Manifest
    predictor: Predictor
    engine: str
    key: EngineKey


@dataclass
class _Shared:
    """An engine and how many models stand on it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    engine: Engine | None = None
    users: int = 0


class ModelHost:
    """Keeps models in memory; those on the same backbone at the same size share one engine. Safe from many threads."""

    def __init__(
        self,
        *,
        cache: Path,
        kind: str = "auto",
        streams: int | None = None,
        opener: Callable[..., Engine] = open_engine,
    ) -> None:
        """Nothing is loaded yet.

        Args:
            cache: the workspace's cache: `backbones/` is searched for referenced networks, `compiled/` keeps
                compiled ones.
            kind: the engine; see `open_engine`.
            streams: pictures side by side; None takes every usable core.
            opener: opens engines.
        """
        self._cache = cache
        self._kind = kind
        self._streams = usable_cores() if streams is None else streams
        self._opener = opener
        self._lock = threading.Lock()
        self._engines: dict[EngineKey, _Shared] = {}

    @property
    def engines(self) -> int:
        """How many engines are open."""
        with self._lock:
            return sum(shared.engine is not None for shared in self._engines.values())

    def load(self, path: Path) -> LoadedModel:
        """Read a model file, join it to its engine, and hold it against its parity pictures.

        Raises:
            ModelFileError: the file is absent, damaged, changed, or newer than this Fenlei.
            BackboneMissing: it refers to a backbone that is not in the cache.
            ScoresMoved: it does not score as it did when it was made.
            EngineError: its network cannot run here.
        """
        return self.adopt(read(path), path)

    def adopt(self, model: ModelFile, path: Path) -> LoadedModel:
        """Join a model file that was read or just made to its engine, and hold it against its parity pictures.

        Args:
            model: the model.
            path: what to call it in sentences.

        Raises:
            BackboneMissing, ScoresMoved, EngineError: as `load`.
        """
        began = time.perf_counter()
        spec, backbone = model.manifest.input, model.manifest.backbone
        key = (backbone.digest, spec.height, spec.width)
        engine = self._take(key, model)
        try:
            predictor = Predictor(
                model.manifest.labels,
                spec,
                model.head,
                engine,
                unknown=model.unknown,
                decision=model.manifest.decision,
            )
            moved = self._prove(predictor, model, path)
        except BaseException:
            self._give(key)
            raise
        log.info(
            "model_loaded",
            extra={
                "model": path.name,
                "backbone": backbone.id,
                "classes": len(model.manifest.labels),
                "engine": engine.name,
                "parity": len(model.parity),
                "moved": round(moved, 7),
                "ms": round((time.perf_counter() - began) * 1000),
            },
        )
        return LoadedModel(path, model.manifest, predictor, engine.name, key)

    def load_all(self, paths: Sequence[Path]) -> list[LoadedModel]:
        """Load several models side by side, in the order given; all of them or, after an error, none."""
        if len(paths) == 1:
            return [self.load(paths[0])]
        with ThreadPoolExecutor(self._streams, "fenlei-load") as pool:
            futures = [pool.submit(self.load, path) for path in paths]
        loaded = [future.result() for future in futures if future.exception() is None]
        for future in futures:
            if (error := future.exception()) is not None:
                for model in loaded:
                    self.release(model)
                raise error
        return loaded

    def network(self, model: ModelFile) -> bytes | Path:
        """The network a model stands on: from its file, or from the cache.

        Raises:
            BackboneMissing: it is in neither.
        """
        if model.network is not None:
            return model.network
        backbone = model.manifest.backbone
        kept = by_digest(backbone.digest, self._cache)
        if kept is None:
            raise BackboneMissing(
                f"The model stands on the backbone {backbone.id} ({backbone.digest[:12]}), which is neither in the "
                f"file nor in {self._cache}. Fetch it with `fenlei backbones fetch {backbone.id} --size "
                f"{backbone.size}`, or make the model with its backbone inside."
            )
        return kept.network

    def release(self, model: LoadedModel) -> None:
        """Let go of a model; the last one on an engine closes it."""
        self._give(model.key)

    def close(self) -> None:
        """Close every engine, whoever still stands on it."""
        with self._lock:
            engines, self._engines = self._engines, {}
        for shared in engines.values():
            if shared.engine is not None:
                shared.engine.close()

    def _take(self, key: EngineKey, model: ModelFile) -> Engine:
        with self._lock:
            shared = self._engines.setdefault(key, _Shared())
            shared.users += 1
        try:
            with shared.lock:  # the first one opens it, the others wait for that one only
                if shared.engine is None:
                    shared.engine = self._opener(
                        self.network(model),
                        size=key[1:],
                        kind=self._kind,
                        streams=self._streams,
                        cache=self._cache / "compiled",
                    )
                return shared.engine
        except BaseException:
            self._give(key)
            raise

    def _give(self, key: EngineKey) -> None:
        with self._lock:
            shared = self._engines.get(key)
            if shared is None:
                return
            shared.users -= 1
            if shared.users:
                return
            del self._engines[key]
        if shared.engine is not None:
            shared.engine.close()

    def _prove(self, predictor: Predictor, model: ModelFile, path: Path) -> float:
        """Run the parity pictures, and return how far the farthest score lies from its promise."""
        spec = predictor.spec
        try:
            grey = to_input(np.full((spec.height, spec.width, 3), 127, np.uint8), spec)
        except Unreadable as exc:
            raise ModelNotServable(f"{path} cannot be served by this Fenlei. {exc}") from exc
        if not model.parity:
            predictor.scores(grey)  # a first run is slower than the rest
            return 0.0

        def distance(picture: ParityPicture) -> float:
            try:
                scores = predictor.predict(picture.data)
            except Refused as refused:
                raise ScoresMoved(f"{path}: a parity picture cannot be read here: {refused}") from refused
            return float(np.abs(scores - picture.scores).max())

        with ThreadPoolExecutor(self._streams, "fenlei-parity") as pool:
            farthest = max(pool.map(distance, model.parity))
        if not farthest <= model.manifest.allowed:  # also when it is not a number
            versions = ", ".join(f"{name} {version}" for name, version in model.manifest.versions.items())
            raise ScoresMoved(
                f"{path} does not score here as it did when it was made: a parity picture's score moved by "
                f"{farthest:.4f}, at most {model.manifest.allowed:g} is allowed. Make the model again on this machine, "
                f"or use the versions it was made with ({versions or 'not recorded'})."
            )
        return farthest
