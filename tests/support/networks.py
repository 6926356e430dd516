"""Tiny real networks for tests: ONNX files of a few kilobytes, made in code, no weights from anywhere."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def tiny_network(size: int = 32, width: int = 16, seed: int = 0, uneven: float = 1.0) -> bytes:
    """A backbone as every Fenlei backbone is: `pixels` uint8 (n, size, size, 3) -> `features` float32 (n, width).

    Two strided convolutions with ReLU and a mean over the picture; the weights are random but fixed by `seed`. With
    `uneven` some numbers inside are so many times as large as others, which changes no feature, and which eight bits
    for all of them cannot tell apart.
    """
    rng = np.random.default_rng(seed)
    weights = {
        "w1": rng.normal(0, 0.3, (8, 3, 3, 3)),
        "b1": rng.normal(0, 0.1, 8),
        "w2": rng.normal(0, 0.2, (width, 8, 3, 3)),
        "b2": rng.normal(0, 0.1, width),
        "mean": np.array(127.5),
        "scale": np.array(127.5),
    }
    for name in ("w1", "b1"):
        weights[name][::2] *= uneven
    weights["w2"][:, ::2] /= uneven
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["float", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["nchw", "w1", "b1"], ["c1"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("ReduceMean", ["r2"], ["features"], axes=[2, 3], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", size, size, 3])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", width])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def corner_network(size: int = 32) -> bytes:
    """A backbone that sees where things are: the mean colour of each quarter, 12 features in [0, 1].

    In order: red of top left, top right, bottom left, bottom right, then green, then blue.
    """
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["float", "scale"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["nchw"], ["quarters"], kernel_shape=[size // 2] * 2, strides=[size // 2] * 2),
        helper.make_node("Flatten", ["quarters"], ["features"]),
    ]
    graph = helper.make_graph(
        nodes,
        "corners",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", size, size, 3])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 12])],
        [numpy_helper.from_array(np.array(255, np.float32), "scale")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
