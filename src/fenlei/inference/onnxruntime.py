"""The engine for everywhere else: ONNX Runtime, on the CPU or, when asked, on CUDA."""

from __future__ import annotations

import contextlib
import functools
import io
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.inference.engine import EngineError
from fenlei.inference.shapes import check_network
from fenlei.inference.streams import StreamEngine

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}

CUDA = {
    "use_tf32": "0",
    "cudnn_conv_algo_search": "HEURISTIC",
    "arena_extend_strategy": "kSameAsRequested",
}
"""32-bit floating point as on the CPU, not what newer cards do faster with 10 bits of precision; convolutions chosen by
a rule and not by a race, whose winner changes from one start to the next and the result with it; and no more memory
than is needed, because other networks and trainings are on the card too."""


class _Stream:
    """A place where one picture runs, and the picture's future while it does."""

    def __init__(self) -> None:
        self.future: Future[NDArray[np.float32]] | None = None


class OnnxRuntimeEngine(StreamEngine[_Stream]):
    """Runs a network through ONNX Runtime. One session serves all streams; its own thread pools are not used."""

    def __init__(self, network: bytes, size: tuple[int, int], streams: int, device: str = "cpu") -> None:
        """Open a session.

        Args:
            network: an ONNX file.
            size: height and width of the input in pixels.
            streams: pictures side by side, one thread each.
            device: `cpu` or `cuda`.

        Raises:
            EngineError: this is not a network that ONNX Runtime can run, or the device is not there.
        """
        self._session = _open(network, device)
        inputs = [_port(port) for port in self._session.get_inputs()]
        outputs = [_port(port) for port in self._session.get_outputs()]
        check_network(inputs, outputs, size)
        self._input, self._output = inputs[0][0], outputs[0][0]
        # One thread per stream; Python starts each when first needed, so a caller with single pictures starts none.
        self._threads = ThreadPoolExecutor(streams, thread_name_prefix="fenlei-onnxruntime")
        name = "onnxruntime" if device == "cpu" else f"onnxruntime-{device}"
        probe = self._call(np.zeros((1, *size, 3), np.uint8))  # the width is often open in the file, and it must run
        super().__init__(name, size, len(probe), [_Stream() for _ in range(streams)])

    def _start(self, stream: _Stream, picture: NDArray[np.uint8]) -> None:
        stream.future = self._threads.submit(self._call, picture)

    def _finish(self, stream: _Stream) -> NDArray[np.float32]:
        if stream.future is None:
            raise EngineError("ONNX Runtime was asked for a picture that was never begun.")
        return stream.future.result()

    def _run(self, stream: _Stream, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self._call(picture)

    def _release(self) -> None:
        self._threads.shutdown(wait=True)
        self._slots.clear()
        self._session = None

    def _call(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            outputs: list[NDArray[np.float32]] = self._session.run([self._output], {self._input: picture})
        except Exception as exc:
            raise EngineError(f"ONNX Runtime could not run a picture: {_reason(exc)}") from exc
        features: NDArray[np.float32] = outputs[0][0]
        return features


def _open(network: bytes, device: str) -> Any:
    import onnxruntime as ort

    provider = PROVIDERS[device]
    if provider not in ort.get_available_providers():
        raise EngineError(
            f"ONNX Runtime has no {provider} here; it offers {', '.join(ort.get_available_providers())}. "
            "For CUDA install `onnxruntime-gpu` in place of `onnxruntime`."
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4  # what goes wrong arrives as an exception; its log would only repeat it on stderr
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    providers: list[Any] = [provider]
    missing, further = "", {}
    if device == "cuda":
        missing = _load_cuda()
        options.use_deterministic_compute = True
        # What the card cannot do runs on the CPU; but to ask for the card and silently get none is refused below.
        providers = [(provider, CUDA), PROVIDERS["cpu"]]
        further = {"enable_fallback": False}  # it would print
    try:
        session = ort.InferenceSession(network, options, providers=providers, **further)
    except Exception as exc:
        raise EngineError(f"This is not an ONNX network that ONNX Runtime can run: {_reason(exc)}") from exc
    if provider not in session.get_providers():
        why = f" ({missing})" if missing else ""
        raise EngineError(
            f"ONNX Runtime could not start {provider}: its libraries or the device's driver are missing{why}."
        )
    return session


@functools.cache
def _load_cuda() -> str:
    """Load the libraries of CUDA that came as Python packages, once; the first complaint about it, if there is one.

    ONNX Runtime finds them only where they are loaded before. It prints what it misses, and from inside the library it
    logs it: both would stand between what a command says.
    """
    import onnxruntime as ort

    ort.set_default_logger_severity(4)
    load = getattr(ort, "preload_dlls", None)  # since 1.21
    if load is None:
        return ""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        load()
    return next((line.strip() for line in said.getvalue().splitlines() if line.strip()), "")


def _port(port: Any) -> tuple[str, str, list[int | None]]:
    kind = str(port.type).removeprefix("tensor(").removesuffix(")")
    shape = [side if isinstance(side, int) else None for side in port.shape or []]
    return str(port.name), {"float": "float32"}.get(kind, kind), shape


def _reason(exc: BaseException) -> str:
    """ONNX Runtime's sentence without the code and the constant in front of it."""
    return str(exc).rsplit(" : ", 1)[-1].strip() or type(exc).__name__
