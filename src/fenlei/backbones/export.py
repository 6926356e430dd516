"""From a torch module to a network in Fenlei's shape: pixels in, features out, compared with the original."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones.catalogue import Normalisation
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.needs import need
from fenlei.backbones.one_thread import one_thread
from fenlei.backbones.source import Loaded, Network
from fenlei.inference import EngineError, open_engine

OPSET = 17
TOLERANCE = 1e-4
"""How far a feature of the exported network may be from the original's, in units of the largest feature where that
is above 1."""


def export(module: Any, normalisation: Normalisation, size: int, name: str) -> tuple[bytes, int]:
    """Export a module that takes normalised float (n, 3, size, size) and gives (n, d).

    The same weights and library versions give the same bytes: what varies (notes of source lines) is taken out.

    Args:
        module: in evaluation mode.
        normalisation: becomes part of the network.
        size: side of the square input in pixels.
        name: of the backbone, for errors.

    Returns:
        The ONNX file and its number of features.

    Raises:
        BackboneError: it cannot be exported, or the exported network gives other features.
    """
    torch = need("torch", "export this backbone")
    need("onnx", "export this backbone")

    class Whole(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.module = module
            self.register_buffer("mean", torch.tensor(normalisation.mean).view(1, 3, 1, 1))
            self.register_buffer("std", torch.tensor(normalisation.std).view(1, 3, 1, 1))

        def forward(self, pixels: Any) -> Any:
            return self.module((pixels.permute(0, 3, 1, 2).to(torch.float32) - self.mean) / self.std)

    whole = Whole().eval()
    pictures = _pictures(size)
    with torch.inference_mode(), one_thread(torch):
        try:
            expected: NDArray[np.float32] = whole(torch.from_numpy(pictures)).numpy()
        except (RuntimeError, ValueError, TypeError) as exc:
            raise BackboneError(
                f"{name} does not run on pictures of {size} by {size} pixels: {_first_line(exc)}"
            ) from exc
        content = _onnx(torch, whole, pictures[:1], name)
    _compare(content, pictures, expected, name)
    return content, expected.shape[1]


def network_of(loaded: Loaded, name: str) -> Network:
    """Export what a source has loaded.

    Raises:
        BackboneError: see `export`.
    """
    content, width = export(loaded.module, loaded.normalisation, loaded.size, name)
    return Network(content=content, size=loaded.size, width=width, licence=loaded.licence, made_with=loaded.made_with)


@contextmanager
def _silenced(torch: Any) -> Iterator[None]:
    """Keep back what torch's exporter is known to say and nobody can act on; a failure it prints and also raises."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        for message in (
            r"You are using the legacy TorchScript-based ONNX export",
            r"The feature will be removed\. Please remove usage of this function",
            r"Constant folding - Only steps=1 can be constant folded",
        ):
            warnings.filterwarnings("ignore", message=message)
        # Whether a branch taken while tracing was the right one is what the comparison afterwards finds out.
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
        yield


def _first_line(exc: BaseException) -> str:
    return next((line.strip() for line in str(exc).splitlines() if line.strip()), type(exc).__name__)


def _onnx(torch: Any, whole: Any, example: NDArray[np.uint8], name: str) -> bytes:
    out = io.BytesIO()
    try:
        with _silenced(torch):
            torch.onnx.export(
                whole,
                (torch.from_numpy(example),),
                out,
                input_names=["pixels"],
                output_names=["features"],
                dynamic_axes={"pixels": {0: "n"}, "features": {0: "n"}},
                dynamo=False,
                opset_version=OPSET,
            )
    except Exception as exc:
        raise BackboneError(f"{name} cannot be exported to ONNX: {_first_line(exc)}") from exc
    return tidy(out.getvalue())


def tidy(content: bytes) -> bytes:
    """The same network without notes that vary between machines, written in one fixed order."""
    onnx = need("onnx", "write this network")
    model = onnx.load_from_string(content)
    model.ClearField("doc_string")
    model.ClearField("metadata_props")
    model.graph.ClearField("doc_string")
    for node in model.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    tidied: bytes = model.SerializeToString(deterministic=True)
    return tidied


def _pictures(size: int) -> NDArray[np.uint8]:
    """Three pictures that disagree about everything: noise, a slope, and black."""
    noise = np.random.default_rng(7).integers(0, 256, (size, size, 3))
    slope = np.add.outer(np.arange(size), np.arange(size))[..., None] * np.array([1.0, 0.6, 0.2]) * 127 / size
    return np.stack([noise, slope, np.zeros_like(noise)]).astype(np.uint8)


def _compare(content: bytes, pictures: NDArray[np.uint8], expected: NDArray[np.float32], name: str) -> None:
    if expected.ndim != 2 or not np.isfinite(expected).all():
        raise BackboneError(f"{name} gives features of shape {expected.shape}, or not numbers; (n, d) is needed.")
    size = pictures.shape[1:3]
    try:
        engine = open_engine(content, size=(size[0], size[1]), kind="onnxruntime", streams=1)
    except EngineError as exc:
        raise BackboneError(f"{name} was exported, but the engine does not take it: {exc}") from exc
    try:
        features = engine.infer(pictures)
    finally:
        engine.close()
    worst = float(np.abs(features - expected).max()) / max(1.0, float(np.abs(expected).max()))
    if not worst <= TOLERANCE:
        raise BackboneError(
            f"{name} was exported, but its features differ from the original's by {worst:.1e}; "
            f"at most {TOLERANCE:.0e} is allowed."
        )
