"""Engines around a real one, for tests that must see or steer what reaches it."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.inference import Engine, open_engine


class GatedEngine:
    """A real engine that counts its calls and, while the gate is shut, keeps them waiting in front of the network."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.size = engine.size
        self.width = engine.width
        self.streams = engine.streams
        self.calls = 0
        self.closed = False
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    def infer(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.calls += len(pixels)
        self.entered.release()
        if not self.gate.wait(20):
            raise TimeoutError("the test left the gate shut")
        return self._engine.infer(pixels)

    def close(self) -> None:
        self.closed = True
        self._engine.close()


class GatedOpener:
    """Opens gated engines, and keeps them for the test to look at."""

    def __init__(self) -> None:
        self.engines: list[GatedEngine] = []
        self.caches: list[Any] = []

    def __call__(self, network: Any, **options: Any) -> Engine:
        self.caches.append(options.pop("cache", None))
        engine = GatedEngine(open_engine(network, cache=None, **options))
        self.engines.append(engine)
        return engine
