"""Networks followed in torch give what ONNX Runtime gives: each operator in the ways files use it, then whole ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from fenlei.backbones import Backbone, BackboneError, open_backbone
from fenlei.backbones.differentiable import follow

SIDE = 10
CHANNELS = 3

WEIGHT = np.random.default_rng(0).normal(0, 0.4, (6, 3, 3, 3)).astype(np.float32)
PER_CHANNEL = np.array([0.5, 1.0, 2.0], np.float32)


def ints(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, np.int64)


WAYS: dict[str, tuple[str, list[NDArray[Any] | None], dict[str, Any], int]] = {
    "conv": ("Conv", [WEIGHT], {"strides": [2, 2], "pads": [1, 1, 1, 1]}, 17),
    "conv, uneven": ("Conv", [WEIGHT], {"strides": [2, 2], "pads": [0, 1, 1, 2]}, 17),
    "conv, padded at the end": ("Conv", [WEIGHT], {"strides": [2, 2], "auto_pad": "SAME_UPPER"}, 17),
    "conv, padded at the start": ("Conv", [WEIGHT], {"strides": [2, 2], "auto_pad": "SAME_LOWER"}, 17),
    "conv, dilated": ("Conv", [WEIGHT], {"dilations": [2, 2]}, 17),
    "conv, by channel": ("Conv", [WEIGHT[:3, :1]], {"group": 3}, 17),
    "max pool": ("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, 17),
    "max pool, ceiling": ("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}, 17),
    "mean pool": ("AveragePool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, 17),
    "mean pool, border counts": (
        "AveragePool",
        [],
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1},
        17,
    ),
    "batch norm": ("BatchNormalization", [PER_CHANNEL, -PER_CHANNEL, PER_CHANNEL / 4, PER_CHANNEL], {}, 17),
    "instance norm": ("InstanceNormalization", [PER_CHANNEL, PER_CHANNEL], {"epsilon": 1e-3}, 17),
    "layer norm": ("LayerNormalization", [np.linspace(0, 1, SIDE).astype(np.float32)], {"axis": -1}, 17),
    "length": ("LpNormalization", [], {"axis": 1, "p": 2}, 17),
    "matrix": ("MatMul", [np.eye(SIDE, 4, dtype=np.float32)], {}, 17),
    "clip": ("Clip", [None, np.array(0.3, np.float32)], {}, 17),
    "clip, old": ("Clip", [], {"min": 0.1, "max": 0.6}, 10),
    "softmax": ("Softmax", [], {"axis": 1}, 17),
    "softmax, old": ("Softmax", [], {"axis": 1}, 11),
    "mean, axes given": ("ReduceMean", [ints(2)], {"keepdims": 0}, 18),
    "mean, of all": ("ReduceMean", [], {}, 17),
    "sum": ("ReduceSum", [ints(1, 3)], {}, 17),
    "greatest": ("ReduceMax", [], {"axes": [3]}, 17),
    "length of rows": ("ReduceL2", [], {"axes": [2], "keepdims": 1}, 17),
    "slope": ("PRelu", [PER_CHANNEL.reshape(3, 1, 1)], {}, 17),
    "hard sigmoid": ("HardSigmoid", [], {"alpha": 0.3}, 17),
    "hard swish": ("HardSwish", [], {}, 17),
    "gelu": ("Gelu", [], {"approximate": "tanh"}, 20),
    "power": ("Pow", [np.array(2, np.float32)], {}, 17),
    "pad, mirrored": ("Pad", [ints(0, 0, 2, 1, 0, 0, 0, 3)], {"mode": "reflect"}, 17),
    "pad, edge": ("Pad", [ints(0, 0, 2, 1, 0, 0, 0, 3)], {"mode": "edge"}, 17),
    "pad, with a number": ("Pad", [ints(0, 1, 0, 0, 0, 0, 2, 0), np.array(7, np.float32)], {}, 17),
    "pad, axes given": ("Pad", [ints(1, 2), None, ints(3)], {}, 18),
    "slice backwards": ("Slice", [ints(-1), ints(-(2**62)), ints(2), ints(-2)], {}, 17),
    "slice": ("Slice", [ints(1, 2), ints(2**62, -1), ints(1, 3)], {}, 17),
    "slice, old": ("Slice", [], {"starts": [1], "ends": [9], "axes": [2]}, 9),
    "gather": ("Gather", [ints(2, -1, 0).reshape(1, 3)], {"axis": 1}, 17),
    "gather one": ("Gather", [np.array(-1, np.int64)], {"axis": 3}, 17),
    "split": ("Split", [ints(4, 6)], {"axis": 2}, 17),
    "split, evenly": ("Split", [], {"axis": 2}, 13),
    "turn": ("Transpose", [], {"perm": [0, 2, 3, 1]}, 17),
    "reshape": ("Reshape", [ints(0, -1, 5)], {}, 17),
    "flatten": ("Flatten", [], {"axis": 2}, 17),
    "repeat": ("Tile", [ints(1, 2, 1, 3)], {}, 17),
    "expand": ("Expand", [ints(2, 1, 1, 1, 10)], {}, 17),
    "scale": ("Resize", [None, np.array([1, 1, 2, 1.5], np.float32)], {"mode": "linear"}, 17),
    "scale to, corners": (
        "Resize",
        [None, None, ints(1, 3, 7, 13)],
        {"mode": "linear", "coordinate_transformation_mode": "align_corners"},
        17,
    ),
    "scale, nearest": (
        "Resize",
        [None, np.array([1, 1, 2, 2], np.float32)],
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        17,
    ),
}


def network_of(kind: str, inputs: list[NDArray[Any] | None], attributes: dict[str, Any], opset: int) -> bytes:
    """Pixels, turned into maps from -1 to 1, one operator, and what it gives in one row."""
    names = [f"input{place}" if given is not None else "" for place, given in enumerate(inputs)]
    outputs = ["given", "rest"] if kind == "Split" else ["given"]
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["float", "half"], ["centred"]),
        helper.make_node("Div", ["centred", "half"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["maps"], perm=[0, 3, 1, 2]),
        helper.make_node(kind, ["maps", *names], outputs, **attributes),
        helper.make_node("Reshape", ["given", "row"], ["features"]),
    ]
    constants = {name: given for name, given in zip(names, inputs, strict=True) if given is not None}
    constants |= {"half": np.array(127.5, np.float32), "row": ints(1, -1)}
    graph = helper.make_graph(
        nodes,
        "one",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, SIDE, SIDE, CHANNELS])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, None])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    return bytes(model.SerializeToString())


def same_as_the_engine(content: bytes, side: int, places: int = 2) -> tuple[int, ...]:
    """Compare, cut into two as for a map, and return the shape of the first thing that is held there."""
    import onnxruntime
    import torch

    pixels = np.random.default_rng(1).integers(0, 256, (side, side, 3)).astype(np.uint8)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    expected = session.run(None, {"pixels": pixels[None]})[0]
    network = follow(content, "be tested", "this network")
    shown = pixels.astype(np.float32)
    with torch.no_grad():
        cut = network.cut(shown, places)
        held = network.below(shown, cut)
        found = network.above(held, cut).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-4)
    return tuple(held[0].shape)


@pytest.mark.parametrize("way", WAYS)
def test_an_operator_gives_the_same_in_torch(way: str) -> None:
    same_as_the_engine(network_of(*WAYS[way]), SIDE)


def test_real_networks_are_cut_at_their_last_fine_maps(lite0: Backbone) -> None:
    assert same_as_the_engine(lite0.network.read_bytes(), lite0.size, places=14) == (1, 672, 14, 14)
    assert same_as_the_engine(lite0.network.read_bytes(), lite0.size, places=7) == (1, 1280, 7, 7)


def test_transformers_are_cut_at_their_patches(tiny_vit: Path, tmp_path: Path) -> None:
    backbone = open_backbone(str(tiny_vit), cache=tmp_path)
    assert same_as_the_engine(backbone.network.read_bytes(), 32, places=4) == (1, 16, 4, 4)
    assert same_as_the_engine(backbone.network.read_bytes(), 32, places=14) == (1, 32, 32, 3)


def test_a_way_of_using_an_operator_that_is_not_known_is_named() -> None:
    attributes = {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize"}
    inputs = [np.array([0, 0, 0, 0, 1, 1, 1, 1], np.float32), np.array([1, 1, 2, 2], np.float32)]
    network = follow(network_of("Resize", [*inputs], attributes, 17), "be tested", "this network")
    with pytest.raises(BackboneError, match="this network has an operator Resize in mode linear, tf_crop_and_resize"):
        network.cut(np.zeros((SIDE, SIDE, 3), np.float32), 14)
    with pytest.raises(BackboneError, match="this network is not an ONNX network"):
        follow(b"no network", "be tested", "this network")
