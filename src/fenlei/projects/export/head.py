"""A head as nodes of ONNX: the same arithmetic as `fenlei.modelfile.Head`, from features to scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Dense, Head, Relu, Voter
from fenlei.modelfile.head import SMALLEST
from fenlei.modelfile.layers import SHORTEST
from fenlei.projects.onnx_nodes import Nodes


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
    """A voter's logits * scale + shift; both are folded into its last layer."""
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
    return next(len(layer.weight) for layer in voter.layers[place:] if isinstance(layer, Dense))
