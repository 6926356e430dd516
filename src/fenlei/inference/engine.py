"""The seam between Fenlei and whatever runs a network on this machine.

EngineError            the network cannot be opened or run; the sentence says why
├── EngineMissing      the library behind the engine cannot be loaded on this machine
└── EngineClosed       the engine was closed before this call began
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError


class EngineError(FenleiError):
    """The network cannot be opened, or cannot run what it was given."""


class EngineMissing(EngineError):
    """The library behind the engine is not installed, or its binaries do not fit this machine."""


class EngineClosed(EngineError):
    """The engine was closed before this call began."""


class Engine(Protocol):
    """Runs one backbone network on this machine.

    The network is an ONNX file with one input `pixels`, uint8 (n, h, w, 3), upright RGB, and one output `features`,
    float32 (n, d). Normalisation is part of the network, so an engine sees pixels as a picture holds them.

    Promises, kept by every implementation and examined by one suite:

    - Safe to call from many threads at once.
    - A picture gives the same features alone and in company, whatever else runs and whatever failed before.
    - `infer` of several pictures uses what is idle; a call that came first is not overtaken for ever.
    - A refused input (wrong shape or type) raises EngineError and leaves the engine as it was.
    - Closing waits for the calls in flight; a call after that raises EngineClosed. Closing twice is fine.
    - An engine belongs to the process that opened it: in a child made by fork, calls raise EngineError.
    """

    @property
    def name(self) -> str:
        """Which engine this is, for people: `openvino`, `onnxruntime`."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the input in pixels."""
        ...

    @property
    def width(self) -> int:
        """How many numbers describe one picture."""
        ...

    @property
    def streams(self) -> int:
        """How many pictures run side by side."""
        ...

    def infer(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn (n, h, w, 3) pixels into (n, d) features. n may be 0.

        Raises:
            EngineError: the array has another shape or type, or the network failed.
            EngineClosed: the engine was closed.
        """
        ...

    def close(self) -> None:
        """Wait for the calls in flight, then let go of memory and threads."""
        ...
