"""Open an engine by its name; the one place that knows which engines there are."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from fenlei.inference.cores import usable_cores
from fenlei.inference.engine import Engine, EngineError, EngineMissing
from fenlei.inference.gpu import AUTO, CPU, GPU, resolved

log = logging.getLogger(__name__)


def open_engine(
    network: bytes | Path,
    *,
    size: tuple[int, int],
    kind: str = "openvino",
    streams: int | None = None,
    cache: Path | None = None,
) -> Engine:
    """Open a backbone network on this machine.

    Args:
        network: an ONNX file or its bytes; see Engine for the shape it must have.
        size: height and width of the input in pixels.
        kind: `openvino`, `onnxruntime`, `onnxruntime-cuda`; or `auto`, which is the last of these where a GPU answers,
            and OpenVINO else, also for a network that does not fit onto the GPU.
        streams: pictures that run side by side, one thread each; None takes every core this process may use.
        cache: a folder where compiled networks are kept between starts; None keeps none. Only OpenVINO compiles.

    Raises:
        EngineError: no such engine, the file cannot be read, or it is not such a network.
        EngineMissing: the library behind the engine cannot be loaded.
    """
    if kind not in KINDS:
        raise EngineError(f"There is no engine `{kind}`; choose one of {', '.join(KINDS)}.")
    if min(size) < 1:
        raise EngineError(f"The input size is {size[0]} by {size[1]}; both sides must be at least 1 pixel.")
    count = usable_cores() if streams is None else streams
    if count < 1:
        raise EngineError(f"An engine with {count} streams runs nothing; at least 1 is needed.")
    content, taken = _content(network), resolved(kind)
    if kind == AUTO and taken == GPU:
        try:
            return ENGINES[GPU](content, size, count, cache)
        except EngineError as exc:  # its memory is full, most likely
            log.warning("a network runs on the CPU: the GPU did not take it", extra={"why": str(exc)})
            taken = CPU
    try:
        return ENGINES[taken](content, size, count, cache)
    except ImportError as exc:
        raise EngineMissing(
            f"The engine `{taken}` cannot be loaded on this machine ({exc}). `fenlei doctor` says more; FENLEI_ENGINE "
            f"chooses another: {', '.join(ENGINES)}."
        ) from exc


def library_version(kind: str) -> str:
    """Load the library behind an engine, and say which version it is.

    Args:
        kind: as for `open_engine`, and not `auto`.

    Raises:
        ImportError: the library is absent, or its binaries do not fit this machine.
    """
    if kind == "openvino":
        from fenlei.inference.openvino_library import load_openvino

        return str(load_openvino().__version__)
    import onnxruntime

    return str(onnxruntime.__version__)


def _content(network: bytes | Path) -> bytes:
    if isinstance(network, bytes):
        return network
    try:
        return network.read_bytes()
    except OSError as exc:
        raise EngineError(f"The network {network} cannot be read: {exc.strerror or exc}.") from exc


def _openvino(network: bytes, size: tuple[int, int], streams: int, cache: Path | None) -> Engine:
    from fenlei.inference.openvino import OpenVinoEngine

    return OpenVinoEngine(network, size, streams, cache)


def _onnxruntime(network: bytes, size: tuple[int, int], streams: int, cache: Path | None) -> Engine:
    from fenlei.inference.onnxruntime import OnnxRuntimeEngine

    return OnnxRuntimeEngine(network, size, streams)


def _onnxruntime_cuda(network: bytes, size: tuple[int, int], streams: int, cache: Path | None) -> Engine:
    from fenlei.inference.onnxruntime import OnnxRuntimeEngine

    return OnnxRuntimeEngine(network, size, streams, "cuda")


ENGINES: dict[str, Callable[[bytes, tuple[int, int], int, Path | None], Engine]] = {
    "openvino": _openvino,
    "onnxruntime": _onnxruntime,
    "onnxruntime-cuda": _onnxruntime_cuda,
}

KINDS = (AUTO, *ENGINES)
"""What may be asked for."""
