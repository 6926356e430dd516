"""The engine for ordinary processors: OpenVINO, with compiled networks kept between starts."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.inference.compiled import CompiledCache
from fenlei.inference.engine import EngineError
from fenlei.inference.openvino_library import load_openvino
from fenlei.inference.shapes import check_network
from fenlei.inference.streams import StreamEngine

_OPENING = threading.Lock()
"""Held until an engine has run its first picture. OpenVINO's Python binding sets itself up at the first array it is
given, inside a C++ guard that lets go of the interpreter: two first pictures at once wait for each other for ever."""


class OpenVinoEngine(StreamEngine[Any]):
    """Runs a network on the CPU through OpenVINO, in 32-bit floating point whatever the processor could do faster."""

    def __init__(self, network: bytes, size: tuple[int, int], streams: int, cache: Path | None) -> None:
        """Compile the network, or take it from the cache.

        Args:
            network: an ONNX file.
            size: height and width of the input in pixels.
            streams: pictures side by side, one thread each.
            cache: a folder for compiled networks; None compiles every time.

        Raises:
            EngineError: this is not a network that OpenVINO can run.
        """
        with _OPENING:
            self._compiled = _compile(network, size, streams, cache)
            width = int(self._compiled.outputs[0].get_shape()[1])
            super().__init__("openvino", size, width, [self._compiled.create_infer_request() for _ in range(streams)])
            self.infer(np.zeros((1, *size, 3), np.uint8))

    def _start(self, stream: Any, picture: NDArray[np.uint8]) -> None:
        try:
            stream.start_async({0: picture})
        except RuntimeError as exc:
            raise EngineError(f"OpenVINO could not begin a picture: {_first_line(exc)}") from exc

    def _finish(self, stream: Any) -> NDArray[np.float32]:
        try:
            stream.wait()
        except RuntimeError as exc:
            raise EngineError(f"OpenVINO could not finish a picture: {_first_line(exc)}") from exc
        features: NDArray[np.float32] = stream.get_output_tensor(0).data[0]
        return features

    def _run(self, stream: Any, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            stream.infer({0: picture}, share_outputs=True)
        except RuntimeError as exc:
            raise EngineError(f"OpenVINO could not run a picture: {_first_line(exc)}") from exc
        features: NDArray[np.float32] = stream.get_output_tensor(0).data[0]
        return features

    def _release(self) -> None:
        self._slots.clear()
        self._compiled = None


def _compile(network: bytes, size: tuple[int, int], streams: int, cache: Path | None) -> Any:
    ov = load_openvino()
    core = ov.Core()
    config = {
        "INFERENCE_PRECISION_HINT": "f32",
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": streams,
        # Pinned threads of two processes, or of two engines in one, would share a core while another lies idle.
        "ENABLE_CPU_PINNING": False,
    }
    kept: CompiledCache | None = None
    if cache is not None:
        machine = [core.get_property("CPU", key) for key in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
        kept = CompiledCache(cache, network, [ov.get_version(), *machine, size, config])
        blob = kept.load()
        if blob is not None:
            try:
                return core.import_model(blob, "CPU", config)
            except (RuntimeError, TypeError, ValueError):
                kept.forget()  # whole, and still not to this library's taste: compile again
    try:
        model = core.read_model(network, b"")
    except RuntimeError as exc:
        raise EngineError(f"This is not an ONNX network that OpenVINO can read: {_first_line(exc)}") from exc
    check_network([_port(port) for port in model.inputs], [_port(port) for port in model.outputs], size)
    try:
        model.reshape({0: [1, *size, 3]})
        compiled = core.compile_model(model, "CPU", config)
    except RuntimeError as exc:
        raise EngineError(f"OpenVINO cannot compile this network: {_first_line(exc)}") from exc
    check_network([_port(port) for port in compiled.inputs], [_port(port) for port in compiled.outputs], size)
    if kept is not None:
        exported = io.BytesIO()
        compiled.export_model(exported)
        kept.save(exported.getvalue())
    return compiled


def _port(port: Any) -> tuple[str, str, list[int | None]]:
    names = sorted(port.get_names())
    kind = {"u8": "uint8", "f32": "float32"}.get(port.get_element_type().get_type_name(), str(port.get_element_type()))
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        return names[0] if names else "", kind, []
    return names[0] if names else "", kind, [side.get_length() if side.is_static else None for side in shape]


def _first_line(exc: BaseException) -> str:
    """The line of OpenVINO's error that tells most: they begin with places in its own source code."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from", "Check '", "FrontEnd API failed"))]
    return (telling or lines or ["no reason given"])[0]
