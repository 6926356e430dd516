"""Which engine `auto` is: the GPU where there is one that answers, the CPU else; found out once in a process.

On a machine without a GPU this is a look for one file, and no library is imported for it.
"""

from __future__ import annotations

import base64
import ctypes.util
import functools
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fenlei.inference.engine import EngineError

log = logging.getLogger(__name__)

AUTO = "auto"
CPU, GPU = "openvino", "onnxruntime-cuda"

PLACES = (Path("/dev/nvidiactl"), Path("/usr/lib/wsl/lib/libcuda.so.1"))
"""What NVIDIA's driver puts there: on Linux, and on Linux inside Windows. On Windows it is a library."""

INSTALL = (
    "pip uninstall onnxruntime, then pip install 'onnxruntime-gpu[cuda,cudnn]', which brings CUDA's libraries; the "
    "driver must be recent enough for them."
)

PROBE = base64.b64decode(
    "CAgSADrUAQoXCgFwEgFmIgRDYXN0KgkKAnRvGAGgAQIKJAoBZhIBdCIJVHJhbnNwb3NlKhEKBHBlcm1AAEADQAFAAqABBwoPCgF0CgF3EgFj"
    "IgRDb252ChkKAWMSAW0iEUdsb2JhbEF2ZXJhZ2VQb29sCg8KAW0SAXkiB0ZsYXR0ZW4SBXByb2JlKhsIAQgDCAEIARABQgF3SgwAAIA/AACA"
    "PwAAgD9aHAoBcBIXChUIAhIRCgMSAW4KAggICgIICAoCCANiFAoBeRIPCg0IARIJCgMSAW4KAggBQgQKABAR"
)
"""An ONNX network of one convolution on pictures of 8 by 8 pixels: the sum of a pixel's three levels, on average."""


class Choice(NamedTuple):
    """What `auto` is on this machine.

    Attributes:
        kind: `openvino` or `onnxruntime-cuda`.
        why: the reason.
        remedy: what to do so that the GPU is used; empty where there is nothing to do.
        device: the driver of a GPU that was found; None where there is none.
    """

    kind: str
    why: str
    remedy: str = ""
    device: str | None = None


@functools.cache
def choose_engine() -> Choice:
    """What `auto` is in this process, from the first question on."""
    choice = choose_between(find_drivers())
    if choice.device is not None:
        log.info("engine_chosen", extra={"engine": choice.kind, "why": choice.why})
    return choice


def resolved(kind: str) -> str:
    """The kind itself, and in place of `auto` the one that it is here."""
    return choose_engine().kind if kind == AUTO else kind


def find_drivers(places: Sequence[Path] = PLACES) -> list[str]:
    """Where a driver of an NVIDIA GPU lies. Takes microseconds; that it is there does not say that a GPU answers."""
    if sys.platform == "win32":
        library = ctypes.util.find_library("nvcuda")
        return [] if library is None else [library]
    return [str(place) for place in places if place.exists()]


def choose_between(drivers: Sequence[str], ask: Callable[[], None] | None = None) -> Choice:
    """The GPU where one of these drivers brings one to which ONNX Runtime gets through.

    Args:
        drivers: that were found.
        ask: has a GPU compute something, and raises an EngineError or an ImportError where that fails; None opens
            ONNX Runtime's CUDA and runs a picture through a tiny network.
    """
    if not drivers:
        return Choice(CPU, "there is no NVIDIA GPU here")
    device = drivers[0]
    try:
        (ask or ask_gpu)()
    except ImportError as exc:
        return Choice(
            CPU,
            f"there is an NVIDIA GPU ({device}), which cannot be used without ONNX Runtime ({exc})",
            INSTALL,
            device,
        )
    except EngineError as exc:
        return Choice(CPU, f"there is an NVIDIA GPU ({device}), which cannot be used. {exc}", INSTALL, device)
    return Choice(GPU, f"an NVIDIA GPU answered ({device})", device=device)


def ask_gpu() -> None:
    """Have the GPU compute something.

    Raises:
        ImportError: ONNX Runtime cannot be loaded.
        EngineError: it has no CUDA, a library or the driver is missing, or what comes back is wrong.
    """
    from fenlei.inference.onnxruntime import OnnxRuntimeEngine

    engine = OnnxRuntimeEngine(PROBE, (8, 8), 1, "cuda")
    try:
        answer = float(engine.infer(np.ones((1, 8, 8, 3), np.uint8))[0, 0])
    finally:
        engine.close()
    if answer != 3.0:
        raise EngineError(f"The GPU says that one and one and one is {answer}.")
