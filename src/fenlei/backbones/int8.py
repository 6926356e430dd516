"""A network in eight bits: a quarter of the size, and on most processors about half the time.

Static post-training quantisation (Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference"): weights in eight bits with a scale for each channel, activations in eight bits by
the smallest and largest number that pictures give them, both written into the ONNX file as pairs of QuantizeLinear and
DequantizeLinear, which OpenVINO and ONNX Runtime both run in whole numbers.

`onnxruntime.quantization` does it, which is installed with the engine. We held it against NNCF 3.4 on
EfficientNet-Lite0 (photographs of weather, 240 learned from and 160 asked, a linear head learned on the features in 32
bits, 100 pictures to find the ranges; two cores with VNNI, one picture at a time):

| | accuracy by OpenVINO, ONNX Runtime | ms by OpenVINO | ms by ONNX Runtime | bytes |
|---|---|---|---|---|
| 32 bits | 0.925, 0.925 | 4.6 | 4.8 | 13.5 M |
| ONNX Runtime, a scale for each channel | 0.925, 0.931 | 1.7-2.4 | 3.0-3.4 | 3.78 M |
| the same, weights in seven bits | 0.900, 0.906 | 1.7 | 3.0 | 3.78 M |
| ONNX Runtime, one scale for each layer | 0.756, 0.775 | 1.8 | 3.0 | 3.51 M |
| NNCF, preset performance | 0.925, 0.925 | 1.7 | 14.5 | 3.78 M |
| NNCF, preset mixed | 0.931, 0.925 | 2.1 | 14.1 | 3.85 M |

NNCF is no more exact, ONNX Runtime runs what it writes slower than 32 bits, and it brings a package that reports usage
to its makers. Seven bits would be for processors without VNNI, on which ONNX Runtime may overflow; there a model's
parity pictures refuse it.

The two engines round differently on the way: on those photographs a score differed by up to 0.04.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones.errors import BackboneError
from fenlei.backbones.export import tidy
from fenlei.backbones.needs import need
from fenlei.backbones.operator_set import OURS, at_least

OLDEST = 13
"""The operator set from which on a scale for each channel can be written down."""

_ROUNDED = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul")
_WORTH_IT = ("Conv", "MatMul", "Gemm")


def to_int8(network: bytes, pictures: Iterable[Callable[[], NDArray[np.uint8]]], whence: str) -> bytes:
    """Write a network in eight bits. Equal networks and pictures give equal bytes.

    Args:
        network: an ONNX file; see `fenlei.inference.Engine` for its shape.
        pictures: each gives (h, w, 3) as the network takes them; by these the ranges of activations are found.
        whence: what to call the network in sentences.

    Returns:
        An ONNX file of the same inputs and outputs.

    Raises:
        BackboneError: the network is in eight bits already, has nothing that could be, or cannot be written so; or a
            library is missing.
    """
    onnx = need("onnx", "write a network in eight bits")
    quantization = need("onnxruntime.quantization", "write a network in eight bits")
    model = at_least(onnx, _checked(onnx.load_from_string(network), whence), OLDEST)
    fed = _input(model)
    shown = iter(pictures)

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc, name-defined]
        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            picture = next(shown, None)
            return None if picture is None else {fed: picture()[None]}

    with tempfile.TemporaryDirectory(prefix="fenlei-int8-") as place:
        given, ready, done = (Path(place) / name for name in ("given.onnx", "ready.onnx", "done.onnx"))
        given.write_bytes(model.SerializeToString())
        reader = Reader()
        try:
            quantization.quant_pre_process(str(given), str(ready), skip_symbolic_shape=True)
            quantization.quantize_static(
                str(ready),
                str(done),
                reader,
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                calibrate_method=quantization.CalibrationMethod.MinMax,
            )
        except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, NotImplementedError) as exc:
            line = next((line.strip() for line in str(exc).splitlines() if line.strip()), type(exc).__name__)
            raise BackboneError(f"The network of {whence} cannot be written in eight bits: {line}") from exc
        return _plain(onnx, onnx.load_from_string(done.read_bytes()), whence)


def _checked(model: Any, whence: str) -> Any:
    kinds = {node.op_type for node in model.graph.node}
    if kinds & set(_ROUNDED):
        raise BackboneError(f"The network of {whence} is in eight bits already.")
    if not kinds & set(_WORTH_IT):
        raise BackboneError(
            f"The network of {whence} has no layer that eight bits would make smaller or faster: none of "
            f"{', '.join(_WORTH_IT)}."
        )
    return model


def _input(model: Any) -> str:
    ours = {tensor.name for tensor in model.graph.initializer}
    return str(next(value.name for value in model.graph.input if value.name not in ours))


def _plain(onnx: Any, model: Any, whence: str) -> bytes:
    """The network without notes and without operator sets that nothing in it is of."""
    used = {node.domain for node in model.graph.node} | {""}
    foreign = sorted(used - set(OURS))
    if foreign:
        raise BackboneError(
            f"The network of {whence} comes out in eight bits with operators of {', '.join(foreign)}, which OpenVINO "
            "does not know."
        )
    kept = [each for each in model.opset_import if each.domain in OURS]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    onnx.checker.check_model(model)
    return tidy(model.SerializeToString())
