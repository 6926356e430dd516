"""ONNX files as other people export them: float pictures in planes, normalised outside, several kinds of output."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

SIZE = 24
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)


def foreign_network(
    output: str = "vector",
    *,
    size: int | None = SIZE,
    batch: int | str = "n",
    opset: int = 17,
    kind: type[np.generic] = np.float32,
    input_name: str = "input",
    extra_output: str | None = None,
) -> bytes:
    """One convolution (3 -> 5 planes, stride 4) and what comes after it.

    Args:
        output: `vector` (n, 5), `map` (n, 5, h, w), `tokens` (n, t, 5) or `pooled map` (n, 5, 1, 1).
        size: side of the input in pixels; None leaves it open.
        batch: pictures at a time, a name leaves it open.
        opset: of the file.
        kind: float32 or float16.
        input_name: what the input is called.
        extra_output: a second output of this name, the map itself.
    """
    rng = np.random.default_rng(3)
    weight = rng.normal(0, 0.3, (5, 3, 4, 4)).astype(kind)
    nodes = [helper.make_node("Conv", [input_name, "weight"], ["planes"], strides=[4, 4])]
    grid = size // 4 if size else None
    shapes: dict[str, list[int | str | None]] = {
        "vector": [batch, 5],
        "map": [batch, 5, grid, grid],
        "tokens": [batch, grid * grid if grid else None, 5],
        "pooled map": [batch, 5, 1, 1],
    }
    if output == "map":
        nodes.append(helper.make_node("Relu", ["planes"], ["out"]))
    elif output == "pooled map":
        nodes.append(helper.make_node("GlobalAveragePool", ["planes"], ["out"]))
    elif output == "vector":
        nodes.append(helper.make_node("GlobalAveragePool", ["planes"], ["average"]))
        nodes.append(helper.make_node("Flatten", ["average"], ["out"]))
    else:
        nodes.append(helper.make_node("Reshape", ["planes", "rows"], ["flat"]))
        nodes.append(helper.make_node("Transpose", ["flat"], ["out"], perm=[0, 2, 1]))
    dtype = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    outputs = [helper.make_tensor_value_info("out", dtype, shapes[output])]
    if extra_output:
        nodes.append(helper.make_node("Identity", ["planes"], [extra_output]))
        outputs.append(helper.make_tensor_value_info(extra_output, dtype, [batch, 5, grid, grid]))
    graph = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info(input_name, dtype, [batch, 3, size, size])],
        outputs,
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.array([0, 5, -1]), "rows")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def normalised(
    pictures: NDArray[np.uint8],
    mean: NDArray[np.float32] = IMAGENET_MEAN,
    std: NDArray[np.float32] = IMAGENET_STD,
) -> NDArray[np.float32]:
    """Pictures (n, h, w, 3) as such a network wants them: (n, 3, h, w), white is 1 before normalisation."""
    levels = (pictures.astype(np.float32) / 255 - mean) / std
    return np.ascontiguousarray(levels.transpose(0, 3, 1, 2).astype(np.float32))
