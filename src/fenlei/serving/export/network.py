"""One network from a raw picture to scores: resize, normalisation, features, head and softmax in one ONNX file."""

from __future__ import annotations

import msgspec

from fenlei.backbones.errors import BackboneError
from fenlei.backbones.needs import need
from fenlei.backbones.onnx_nodes import Nodes
from fenlei.backbones.operator_set import at_least
from fenlei.modelfile import ModelFile
from fenlei.serving.export.errors import ExportError
from fenlei.serving.export.head import add_head
from fenlei.serving.export.resize import add_resize
from fenlei.serving.export.unknown import add_unknown

INPUT, OUTPUT, STRANGENESS = "picture", "scores", "strangeness"
OLDEST = 11
"""The operator set from which on our own nodes mean what they say; older networks are brought up to it."""

MOST_BYTES = 2**31 - 1
"""What an ONNX file can hold at most: it is one message of protobuf."""


def one_network(model: ModelFile, network: bytes) -> bytes:
    """Join everything that stands between a decoded picture and its scores.

    Args:
        model: labels, preprocessing and head.
        network: the backbone, an ONNX file; see `fenlei.inference.Engine` for its shape.

    Returns:
        An ONNX file with one input, `picture` uint8 (height, width, 3), upright RGB of any size, and the output
        `scores` float32 (classes), in the order of the labels, summing to one; where the model has a rule for unknown
        pictures also `strangeness` float32 (1), above 1 for a picture of nothing known.

    Raises:
        ExportError: the network is too old or too large to be joined.
        BackboneError: the library `onnx` is missing.
    """
    onnx = need("onnx", "export a model")
    helper = onnx.helper
    try:
        modern = at_least(onnx, onnx.load_from_string(network), OLDEST)
    except BackboneError as exc:
        raise ExportError(str(exc)) from exc
    inner = onnx.compose.add_prefix(modern, "network/")
    spec = model.manifest.input

    before = Nodes(onnx, "resize/")
    pixels = add_resize(before, INPUT, spec)
    ours = {tensor.name for tensor in inner.graph.initializer}
    fed = next(value.name for value in inner.graph.input if value.name not in ours)
    feed = helper.make_node("Identity", [pixels], [fed], name="resize/done")

    after = Nodes(onnx, "head/")
    features = inner.graph.output[0].name
    row = add_head(after, features, model.head)
    last = [helper.make_node("Reshape", [row, after.whole(len(model.manifest.labels))], [OUTPUT], name="head/done")]
    told = [helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, [len(model.manifest.labels)])]
    if model.unknown is not None:
        strange = add_unknown(after, features, model.head, model.unknown)
        last.append(helper.make_node("Reshape", [strange, after.whole(1)], [STRANGENESS], name="head/strangeness"))
        told.append(helper.make_tensor_value_info(STRANGENESS, onnx.TensorProto.FLOAT, [1]))

    graph = helper.make_graph(
        [*before.made, feed, *inner.graph.node, *after.made, *last],
        "classifier",
        [helper.make_tensor_value_info(INPUT, onnx.TensorProto.UINT8, ["height", "width", 3])],
        told,
        [*before.initializers(), *inner.graph.initializer, *after.initializers()],
        sparse_initializer=inner.graph.sparse_initializer,
    )
    whole = helper.make_model(graph, opset_imports=inner.opset_import, ir_version=inner.ir_version)
    whole.functions.extend(inner.functions)
    helper.set_model_props(whole, {"labels": msgspec.json.encode(model.manifest.labels).decode()})
    if whole.ByteSize() > MOST_BYTES:
        raise ExportError(f"The network has {whole.ByteSize()} bytes; one ONNX file can hold {MOST_BYTES}.")
    content: bytes = whole.SerializeToString(deterministic=True)
    return content
