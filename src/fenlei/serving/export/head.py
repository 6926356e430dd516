"""A head as nodes of ONNX: the same arithmetic as `fenlei.modelfile.Head`, from features to scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones.onnx_nodes import Nodes
from fenlei.modelfile import Dense, Head, Neighbours, Relu, Voter
from fenlei.modelfile.head import SMALLEST
from fenlei.modelfile.layers import SHORTEST
from fenlei.modelfile.neighbours import BORDER, DOUBT


def add_head(nodes: Nodes, features: str, head: Head) -> str:
    """Write a head below the features.

    Args:
        nodes: where to.
        features: name of the backbone's output, float32 (1, width).
        head: what to write.

    Returns:
        Name of the scores, float32 (1, classes), summing to one.
    """
    if len(head.voters) == 1:
        scale, shift = _calibration(head)
        return nodes("Softmax", voter_logits(nodes, features, head.voters[0], scale, shift), axis=1)
    votes = [
        nodes(
            "Mul",
            nodes("Softmax", voter_logits(nodes, features, voter, 1 / voter.temperature, None), axis=1),
            nodes.array(np.array(voter.share, np.float32)),
        )
        for voter in head.voters
    ]
    raw = nodes("Log", nodes("Max", nodes("Sum", *votes), nodes.array(np.array(SMALLEST, np.float32))))
    scale, shift = _calibration(head)
    logits = nodes("Mul", raw, nodes.array(np.asarray(scale, np.float32)))
    return nodes("Softmax", logits if shift is None else nodes("Add", logits, nodes.array(shift)), axis=1)


def _calibration(head: Head) -> tuple[float | NDArray[np.float32], NDArray[np.float32] | None]:
    if head.scale is None:
        return 1 / head.temperature, None
    return head.scale, head.shift


def voter_logits(
    nodes: Nodes, features: str, voter: Voter, scale: float | NDArray[np.float32], shift: NDArray[np.float32] | None
) -> str:
    """A voter's logits * scale + shift; both are folded into its last layer where that is dense."""
    rows = features
    if voter.columns is not None:
        first, last = voter.columns
        rows = nodes("Slice", rows, nodes.whole(first), nodes.whole(last), nodes.whole(1))
    for place, layer in enumerate(voter.layers):
        if isinstance(layer, Dense):
            weight, bias = layer.weight.astype(np.float64), layer.bias.astype(np.float64)
            if place == len(voter.layers) - 1:
                weight, bias = weight * scale, bias * scale + (0.0 if shift is None else shift)
            product = nodes("MatMul", rows, nodes.array(weight.astype(np.float32)))
            rows = nodes("Add", product, nodes.array(bias.astype(np.float32)))
        elif isinstance(layer, Relu):
            rows = nodes("Relu", rows)
        elif isinstance(layer, Neighbours):
            rows = nodes("Mul", _votes(nodes, rows, layer), nodes.array(np.asarray(scale, np.float32)))
            rows = rows if shift is None else nodes("Add", rows, nodes.array(shift))
        else:
            rows = directions(nodes, rows, _width(voter, place))
    return rows


def directions(nodes: Nodes, rows: str, width: int) -> str:
    """Rows (n, width) brought to length one. The sum is a product with ones, which unlike ReduceSum every operator set
    writes alike."""
    squares = nodes("MatMul", nodes("Mul", rows, rows), nodes.array(np.ones((width, 1), np.float32)))
    return nodes("Div", rows, nodes("Max", nodes("Sqrt", squares), nodes.array(np.array(SHORTEST, np.float32))))


def _width(voter: Voter, place: int) -> int:
    """How many numbers come into a layer that keeps their count: as many as into the next dense one."""
    for layer in voter.layers[place:]:
        if isinstance(layer, Dense):
            return len(layer.weight)
        if isinstance(layer, Neighbours):
            return int(layer.points.shape[1])
    raise ValueError("a voter without a last layer")


def _votes(nodes: Nodes, rows: str, layer: Neighbours) -> str:
    """The logarithms of what nearest neighbours vote; see `Neighbours`."""
    cosines = nodes("MatMul", rows, nodes.array(np.ascontiguousarray(layer.points.T)))
    nearest, _ = nodes.two("TopK", cosines, nodes.whole(layer.count), axis=1)
    first = nodes("Slice", nearest, nodes.whole(0), nodes.whole(1), nodes.whole(1))
    last = nodes("Slice", nearest, nodes.whole(layer.count - 1), nodes.whole(layer.count), nodes.whole(1))
    one = nodes.array(np.array(1, np.float32))
    ramp = nodes("Div", nodes("Sub", cosines, last), nodes.array(np.array(BORDER, np.float32)))
    parts = nodes("Max", nodes("Min", nodes("Add", ramp, one), one), nodes.array(np.array(0, np.float32)))
    nearness = nodes("Mul", nodes("Sub", cosines, first), nodes.array(np.array(1 / layer.temperature, np.float32)))
    counted = nodes("Mul", nodes("Exp", nearness), parts)
    belongs = np.zeros((len(layer.points), layer.classes), np.float32)
    belongs[np.arange(len(layer.points)), layer.labels] = layer.weights
    votes = nodes("MatMul", counted, nodes.array(belongs))
    every = nodes("MatMul", votes, nodes.array(np.ones((layer.classes, 1), np.float32)))
    doubt = nodes.array(np.array(DOUBT / layer.count, np.float32))
    return nodes("Log", nodes("Add", nodes("Div", votes, every), doubt))
