"""Foreign classifiers for tests: small ONNX files as other programs write them, with answers that one can work out.

Each tells which colour a picture has: its scores are the mean of red, green and blue, times twenty.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

LABELS = ["red", "green", "blue"]
SIZE = 32
KINDS = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8}


def declaration(**changes: Any) -> dict[str, Any]:
    """What is true of `colour_network()` as it is without arguments, with changes."""
    said: dict[str, Any] = {
        "labels": LABELS,
        "size": SIZE,
        "mean": [0.0, 0.0, 0.0],
        "std": [1.0, 1.0, 1.0],
        "outputs": "logits",
    }
    return {**said, **changes}


def colour_network(
    *,
    layout: str = "NCHW",
    kind: str = "float32",
    outputs: str = "logits",
    batch: int | str = "n",
    size: int | str = SIZE,
    channels: int = 3,
    opset: int = 13,
    rank: int = 2,
    weight: NDArray[np.float32] | None = None,
    extra_outputs: int = 0,
) -> bytes:
    """A network that takes grey levels times 1/255 and gives one score per channel, in the channels' own order."""
    shape = [batch, channels, size, size] if layout == "NCHW" else [batch, size, size, channels]
    matrix = np.eye(channels, 3, dtype=np.float32) * 20 if weight is None else weight
    nodes = [helper.make_node("Cast", ["input"], ["levels"], to=TensorProto.FLOAT)]
    planes = "levels"
    if layout == "NHWC":
        nodes.append(helper.make_node("Transpose", ["levels"], ["planes"], perm=[0, 3, 1, 2]))
        planes = "planes"
    nodes.append(helper.make_node("GlobalAveragePool", [planes], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["means"], axis=1))
    nodes.append(helper.make_node("MatMul", ["means", "matrix"], ["row"]))
    last = "row"
    if outputs == "probabilities":
        nodes.append(helper.make_node("Softmax", ["row"], ["shares"], axis=1))
        last = "shares"
    if outputs == "sigmoid":
        nodes.append(helper.make_node("Sigmoid", ["row"], ["shares"]))
        last = "shares"
    if rank == 4:
        nodes.append(helper.make_node("Reshape", [last, "square"], ["output"]))
    elif rank == 1:
        nodes.append(helper.make_node("Reshape", [last, "flat"], ["output"]))
    else:
        nodes.append(
            helper.make_node("Cast", [last], ["output"], to=KINDS["float16" if kind == "float16" else "float32"])
        )
    classes = matrix.shape[1]
    told = {1: [classes], 2: [batch, classes], 4: [batch, classes, 1, 1]}[rank]
    gives = [helper.make_tensor_value_info("output", KINDS["float16" if kind == "float16" else "float32"], told)]
    for number in range(extra_outputs):
        nodes.append(helper.make_node("Identity", ["row"], [f"other{number}"]))
        gives.append(helper.make_tensor_value_info(f"other{number}", TensorProto.FLOAT, [batch, classes]))
    constants = {"matrix": matrix, "square": np.array([-1, classes, 1, 1]), "flat": np.array([classes])}
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("input", KINDS[kind], shape)],
        gives,
        [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return bytes(model.SerializeToString())


def endless_network() -> bytes:
    """A whole network in a loop that never ends."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Sin", ["state"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, [1, 3]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, [1, 3]),
        ],
    )
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["means"], axis=1),
        helper.make_node("Loop", ["", "yes", "means"], ["output"], body=body),
    ]
    graph = helper.make_graph(
        nodes,
        "endless",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(np.array(True), "yes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def greedy_network() -> bytes:
    """A whole network that wants 48 GB for a picture."""
    model = onnx.load_from_string(colour_network(batch=1))
    more = [
        helper.make_node("ConstantOfShape", ["much"], ["room"]),
        helper.make_node("Add", ["room", "means"], ["full"]),
        helper.make_node("ReduceMax", ["full"], ["most"], axes=[0], keepdims=1),
        helper.make_node("Add", ["most", "row"], ["output"]),
    ]
    del model.graph.node[-1]
    model.graph.node.extend(more)
    model.graph.initializer.append(numpy_helper.from_array(np.array([4_000_000_000, 3]), "much"))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def picture(colour: str, width: int = 60, height: int = 40) -> bytes:
    """A PNG file that is nearly all of one colour of `LABELS`."""
    levels = np.full((height, width, 3), 30, np.uint8)
    levels[..., LABELS.index(colour)] = 200
    out = io.BytesIO()
    Image.fromarray(levels).save(out, "PNG")
    return out.getvalue()
