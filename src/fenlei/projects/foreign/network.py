"""Look a foreign ONNX classifier over, and give it Fenlei's shape: grey levels in, one number per label out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from fenlei.backbones.needs import need
from fenlei.backbones.onnx_nodes import Nodes
from fenlei.projects.foreign.declaration import Declaration
from fenlei.projects.foreign.errors import ForeignRefused

MOST_BYTES = 1024**3
"""Of the file. A classifier with 250 million parameters fits."""

OLDEST = 7
"""The first operator set that both engines still read."""

_KNOWN = {"", "ai.onnx"}
_KINDS = {"float32", "float16", "uint8"}
_SMALLEST_SHARE = 1e-30
"""A probability of 0 has no logarithm; this one has, and comes out of softmax as 0 again."""


class Port(NamedTuple):
    """An input or an output: its name, its kind (`float32`, …), its sides (None where the file leaves one open)."""

    name: str
    kind: str
    shape: tuple[int | None, ...] | None

    def __str__(self) -> str:
        if self.shape is None:
            return f"`{self.name}` {self.kind} of any shape"
        return f"`{self.name}` {self.kind} ({', '.join('?' if n is None else str(n) for n in self.shape)})"


def wrapped(content: bytes, said: Declaration) -> bytes:
    """The network between the declared preprocessing and, where it gives probabilities, their logarithm.

    So what comes out are logits in either case, and softmax of them, which every model file ends with, gives the
    network's own scores.

    Args:
        content: the ONNX file.
        said: what its owner declares.

    Returns:
        An ONNX file: `pixels` uint8 (1, size, size, 3) -> `features` float32 (1, as many scores as it gives).

    Raises:
        ForeignRefused: it is not such a network, or not one that may be taken.
        BackboneError: the library `onnx` is missing.
    """
    onnx = need("onnx", "take over a foreign network")
    model = _read(onnx, content)
    picture, scores = _ports(onnx, model, said)
    inner = onnx.compose.add_prefix(model, "network/")

    before = Nodes(onnx, "before/")
    value = "pixels"
    if said.channels == "BGR":
        value = before("Gather", value, before.whole(2, 1, 0), axis=3)
    if picture.kind != "uint8":
        value = before.cast(value, "float")
        for operator, numbers in _arithmetic(said):
            value = before(operator, value, before.array(np.array(numbers, np.float32)))
    if said.layout == "NCHW":
        value = before("Transpose", value, perm=[0, 3, 1, 2])
    feed = onnx.helper.make_node(
        "Cast",
        [value],
        [f"network/{picture.name}"],
        name="before/done",
        to=onnx.helper.np_dtype_to_tensor_dtype(np.dtype(picture.kind)),
    )

    after = Nodes(onnx, "after/")
    row = after.cast(f"network/{scores.name}", "float")
    if said.outputs == "probabilities":
        row = after("Log", after("Add", row, after.array(np.array(_SMALLEST_SHARE, np.float32))))
    last = onnx.helper.make_node("Reshape", [row, after.whole(1, -1)], ["features"], name="after/done")

    graph = onnx.helper.make_graph(
        [*before.made, feed, *inner.graph.node, *after.made, last],
        "classifier",
        [onnx.helper.make_tensor_value_info("pixels", onnx.TensorProto.UINT8, [1, said.size, said.size, 3])],
        [onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, [1, "scores"])],
        [*before.initializers(), *inner.graph.initializer, *after.initializers()],
        sparse_initializer=inner.graph.sparse_initializer,
    )
    whole = onnx.helper.make_model(graph, opset_imports=inner.opset_import, ir_version=inner.ir_version)
    whole.functions.extend(inner.functions)
    made: bytes = whole.SerializeToString(deterministic=True)
    return made


def _arithmetic(said: Declaration) -> Iterator[tuple[str, list[float]]]:
    """The steps of `(level × scale - mean) / std` that change anything."""
    if said.scale != 1:
        yield "Mul", [said.scale]
    if any(said.mean):
        yield "Sub", list(said.mean)
    if set(said.std) != {1.0}:
        yield "Div", list(said.std)


def _read(onnx: Any, content: bytes) -> Any:
    if len(content) > MOST_BYTES:
        raise ForeignRefused(f"The network has {len(content)} bytes; at most {MOST_BYTES} are allowed.")
    try:
        model = onnx.load_from_string(content)
    except Exception as exc:
        raise ForeignRefused(f"This is no ONNX file: {_first_line(exc)}.") from exc
    if not model.graph.node:
        raise ForeignRefused("This is no ONNX file: it holds no network.")
    for graph in _graphs(onnx, model):
        for tensor in _tensors(graph):
            if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
                raise ForeignRefused(
                    f"The weights of this network lie in other files (`{tensor.name}` is one of them). Save it as one "
                    "file: `onnx.save(onnx.load(PATH), ONE_FILE)`."
                )
        for node in graph.node:
            if node.domain not in _KNOWN and node.domain not in {each.domain for each in model.functions}:
                raise ForeignRefused(
                    f"The network uses the operator {node.op_type} of `{node.domain}`, which is no part of ONNX. "
                    "Export it with standard operators only."
                )
    version = next((each.version for each in model.opset_import if each.domain in _KNOWN), 0)
    if version < OLDEST:
        raise ForeignRefused(
            f"The network is written in operator set {version} of ONNX; from {OLDEST} on they are allowed."
        )
    try:
        onnx.checker.check_model(model)
        return onnx.shape_inference.infer_shapes(model)
    except Exception as exc:
        raise ForeignRefused(f"This is no whole ONNX network: {_first_line(exc)}.") from exc


def _graphs(onnx: Any, model: Any) -> Iterator[Any]:
    """The graph, the model's functions, and every graph inside a node of them."""
    waiting = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    waiting.append(attribute.g)
                waiting.extend(attribute.graphs)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from getattr(graph, "initializer", ())
    for sparse in getattr(graph, "sparse_initializer", ()):
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _ports(onnx: Any, model: Any, said: Declaration) -> tuple[Port, Port]:
    constants = {tensor.name for tensor in model.graph.initializer}  # old files list their weights as inputs, too
    inputs = [_port(onnx, value) for value in model.graph.input if value.name not in constants]
    outputs = [_port(onnx, value) for value in model.graph.output]
    if len(inputs) != 1:
        raise ForeignRefused(f"The network has {len(inputs)} inputs ({_list(inputs)}); one, the picture, is allowed.")
    picture = inputs[0]
    _check_picture(picture, said)
    named = [port for port in outputs if said.output is None or port.name == said.output]
    if len(named) != 1:
        which = "`output` has to name the one that gives the scores" if said.output is None else f"not `{said.output}`"
        raise ForeignRefused(f"The network has the outputs {_list(outputs)}; {which}.")
    _check_scores(named[0], said)
    return picture, named[0]


def _check_picture(picture: Port, said: Declaration) -> None:
    order = {"NCHW": (1, 2, 3), "NHWC": (3, 1, 2)}[said.layout]
    shape = picture.shape or (None,) * 4
    if picture.kind not in _KINDS or len(shape) != 4:
        raise ForeignRefused(
            f"The network's input is {picture}; a picture is float32, float16 or uint8 with four sides ({said.layout})."
        )
    if shape[0] not in {None, 1}:
        raise ForeignRefused(
            f"The network takes {shape[0]} pictures at a time ({picture}); export it for one, or for any number."
        )
    channels, *sides = (shape[place] for place in order)
    if channels not in {None, 3}:
        other = "NHWC" if said.layout == "NCHW" else "NCHW"
        hint = f" The declared layout is {said.layout}; perhaps it is {other}." if 3 in shape[1:] else ""
        raise ForeignRefused(f"The network's input is {picture}: {channels} channels; three are allowed.{hint}")
    if any(side not in {None, said.size} for side in sides):
        raise ForeignRefused(
            f"The network takes pictures of {sides[0]} × {sides[1]} pixels, and {said.size} × {said.size} are "
            "declared. Only square inputs are supported."
        )
    plain = said.scale == 1 and not any(said.mean) and set(said.std) == {1.0}
    if picture.kind == "uint8" and not plain:
        raise ForeignRefused(
            "The network takes whole grey levels (uint8), so its normalisation is inside: declare scale 1, mean 0 and "
            "std 1."
        )


def _check_scores(scores: Port, said: Declaration) -> None:
    if scores.kind not in {"float32", "float16"}:
        raise ForeignRefused(f"The network's output is {scores}; scores are float32 or float16.")
    if scores.shape is None:
        return  # its first run tells
    ones = set(scores.shape[2:]) <= {1}
    if len(scores.shape) not in {2, 4} or not ones or scores.shape[0] not in {None, 1}:
        raise ForeignRefused(
            f"The network's output is {scores}; a classifier gives one row of scores, (1, {len(said.labels)})."
        )
    if scores.shape[1] not in {None, len(said.labels)}:
        raise ForeignRefused(
            f"The network gives {scores.shape[1]} scores ({scores}), and {len(said.labels)} labels are declared. "
            "Every score needs a label."
        )


def _port(onnx: Any, value: Any) -> Port:
    tensor = value.type.tensor_type
    try:
        kind = str(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    except KeyError:
        kind = "of unknown type"
    if not tensor.HasField("shape"):
        return Port(value.name, kind, None)
    return Port(
        value.name, kind, tuple(side.dim_value if side.HasField("dim_value") else None for side in tensor.shape.dim)
    )


def _list(ports: list[Port]) -> str:
    return ", ".join(map(str, ports)) or "none"


def _first_line(exc: BaseException) -> str:
    return next((line.strip().rstrip(".") for line in str(exc).splitlines() if line.strip()), type(exc).__name__)
