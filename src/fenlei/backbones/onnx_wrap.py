"""Give a foreign ONNX network Fenlei's shape: grey levels in, one vector per picture out."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from fenlei.backbones.errors import BackboneError
from fenlei.backbones.preprocessing import Preprocessing

ALLOWED = (
    "Allowed are one input, uint8 (n, height, width, 3) with normalisation inside or float (n, 3, height, width) "
    "normalised, and one output, (n, d), (n, d, h, w) or (n, tokens, d); of several outputs the one called features, "
    "pooler_output or image_embeds is taken"
)

FEATURE_NAMES = ("features", "pooler_output", "image_embeds", "last_hidden_state")
"""Which output is taken when a network has several, the first that is there."""


class Port(msgspec.Struct, frozen=True):
    """An input or an output of a network.

    Attributes:
        name: in the file.
        kind: `uint8`, `float32`, …
        shape: None where the file leaves it open.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]

    @property
    def sides(self) -> tuple[int | None, int | None]:
        """Height and width of an input."""
        first = 1 if self.kind == "uint8" else 2
        return self.shape[first], self.shape[first + 1]

    def __str__(self) -> str:
        return f"`{self.name}` {self.kind} ({', '.join('?' if n is None else str(n) for n in self.shape)})"


def find_ports(onnx: Any, model: Any, whence: str) -> tuple[Port, Port]:
    """The input that takes pictures and the output that gives features.

    Raises:
        BackboneError: there is another input, or none of the outputs will do.
    """
    constants = {tensor.name for tensor in model.graph.initializer}  # old files list their weights as inputs, too
    inputs = [_port(onnx, value) for value in model.graph.input if value.name not in constants]
    outputs = [_port(onnx, value) for value in model.graph.output]
    found = f"{whence} has inputs {', '.join(map(str, inputs))} and outputs {', '.join(map(str, outputs))}. {ALLOWED}."
    if len(inputs) != 1 or not outputs:
        raise BackboneError(found)
    picture = inputs[0]
    ours = picture.kind == "uint8" and len(picture.shape) == 4 and picture.shape[3] in {3, None}
    usual = picture.kind in {"float32", "float16"} and len(picture.shape) == 4 and picture.shape[1] in {3, None}
    if not (ours or usual) or picture.shape[0] not in {None, 1}:
        raise BackboneError(found)
    features = outputs[0]
    if len(outputs) > 1:
        named = {port.name: port for port in outputs}
        features = next((named[name] for name in FEATURE_NAMES if name in named), Port("", "", ()))
    ranks = {2} if ours else {2, 3, 4}
    kinds = {"float32"} if ours else {"float32", "float16"}
    if len(features.shape) not in ranks or features.kind not in kinds or (ours and len(outputs) > 1):
        raise BackboneError(found)
    return picture, features


def wrap(onnx: Any, model: Any, picture: Port, features: Port, said: Preprocessing, side: int) -> bytes:
    """Put the normalisation before the network and the pooling behind it; the file holds everything.

    Args:
        onnx: the library.
        model: with shapes inferred.
        picture: its input, float (n, 3, h, w).
        features: its output; maps are averaged over positions, tokens as `said.pool` tells (mean when it does not).
        said: normalisation and pooling.
        side: of the square input in pixels.
    """
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    # A prefix keeps the names of the network from meeting ours.
    inner = onnx.compose.add_prefix(model, "network/")
    graph = inner.graph
    fed, given = f"network/{picture.name}", f"network/{features.name}"
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(picture.kind))
    constants = {
        "mean": np.array(said.normalisation.mean, np.float32),
        "std": np.array(said.normalisation.std, np.float32),
        "first": np.array(0, np.int64),
    }
    before = [
        helper.make_node("Cast", ["pixels"], ["levels"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Sub", ["levels", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "std"], ["normalised"]),
        helper.make_node("Transpose", ["normalised"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["planes"], [fed], to=kind),
    ]
    after = [helper.make_node("Cast", [given], ["raw"], to=onnx.TensorProto.FLOAT)]
    rank = len(features.shape)
    if rank == 2:
        after.append(helper.make_node("Identity", ["raw"], ["features"]))
    elif rank == 4:
        after.append(helper.make_node("GlobalAveragePool", ["raw"], ["pooled"]))
        after.append(helper.make_node("Flatten", ["pooled"], ["features"], axis=1))
    elif said.pool == "first":
        after.append(helper.make_node("Gather", ["raw", "first"], ["features"], axis=1))
    else:  # (n, t, d) -> (n, d, t): then the mean over tokens is the same pooling, whatever the file's opset
        after.append(helper.make_node("Transpose", ["raw"], ["turned"], perm=[0, 2, 1]))
        after.append(helper.make_node("GlobalAveragePool", ["turned"], ["pooled"]))
        after.append(helper.make_node("Flatten", ["pooled"], ["features"], axis=1))
    used = {name for node in (*before, *after) for name in node.input}
    nodes = [*before, *graph.node, *after]
    width = features.shape[2] if rank == 3 else features.shape[1]
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used]
    batch = picture.shape[0] or "n"
    outer = helper.make_graph(
        nodes,
        "backbone",
        [helper.make_tensor_value_info("pixels", onnx.TensorProto.UINT8, [batch, side, side, 3])],
        [helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, [batch, width or "d"])],
        [*graph.initializer, *initializers],
        sparse_initializer=graph.sparse_initializer,
    )
    whole = helper.make_model(outer, opset_imports=inner.opset_import, ir_version=inner.ir_version)
    whole.functions.extend(inner.functions)
    content: bytes = whole.SerializeToString(deterministic=True)
    return content


def _port(onnx: Any, value: Any) -> Port:
    tensor = value.type.tensor_type
    try:
        kind = str(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    except KeyError:
        kind = "of unknown type"
    shape = tuple(side.dim_value if side.HasField("dim_value") else None for side in tensor.shape.dim)
    return Port(value.name, kind, shape)
