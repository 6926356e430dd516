"""A rule for unknown pictures as nodes of ONNX: the same arithmetic as `fenlei.modelfile.Unknown`."""

from __future__ import annotations

import numpy as np

from fenlei.backbones.onnx_nodes import Nodes
from fenlei.modelfile import Distances, Head, HeadMeasure, Unknown
from fenlei.modelfile.unknown import BEST_SCORE, ENERGY
from fenlei.serving.export.head import directions, voter_logits


def add_unknown(nodes: Nodes, features: str, head: Head, unknown: Unknown) -> str:
    """Write a rule below the features.

    Args:
        nodes: where to.
        features: name of the backbone's output, float32 (1, width).
        head: of the model.
        unknown: what to write.

    Returns:
        Name of the strangeness, float32 (1, 1): above 1 the picture is one of nothing known.
    """
    measure = unknown.measure
    if isinstance(measure, HeadMeasure):
        measured = _of_head(nodes, features, head, measure)
    else:
        parts = [_of_distances(nodes, features, part) for part in measure]
        measured = parts[0] if len(parts) == 1 else nodes("Sum", *parts)
    centred = nodes("Sub", measured, _number(nodes, unknown.centre))
    return nodes("Div", centred, _number(nodes, unknown.threshold - unknown.centre))


def _of_head(nodes: Nodes, features: str, head: Head, measure: HeadMeasure) -> str:
    warm = voter_logits(nodes, features, head.voters[0], 1 / measure.temperature, None)
    scores = nodes("Softmax", warm, axis=1)
    if measure.name == BEST_SCORE:
        return nodes("Neg", _largest(nodes, scores))
    most = _largest(nodes, warm)
    if measure.name == ENERGY:
        # The logarithm of the sum of powers is the largest logit less the logarithm of its score.
        most = nodes("Sub", most, nodes("Log", _largest(nodes, scores)))
    return nodes("Neg", most)


def _of_distances(nodes: Nodes, features: str, measure: Distances) -> str:
    width = len(measure.bias)
    if measure.unit:
        features = directions(nodes, features, len(measure.weight))
    rows = nodes("MatMul", features, nodes.array(measure.weight))
    rows = nodes("Add", nodes("Mul", rows, nodes.array(measure.scale)), nodes.array(measure.bias))
    squared = nodes("Mul", rows, rows)
    across = nodes("MatMul", rows, nodes.array(np.ascontiguousarray(-2 * measure.points.T)))
    apart = nodes("Add", across, nodes.array(measure.squares[None]))
    near, _ = nodes.two("TopK", apart, nodes.whole(measure.nearest), axis=1, largest=0, sorted=1)
    last = nodes("Slice", near, nodes.whole(measure.nearest - 1), nodes.whole(measure.nearest), nodes.whole(1))
    if measure.unit:
        own = _number(nodes, 1.0)
    else:
        own = nodes("MatMul", squared, nodes.array(np.ones((width, 1), np.float32)))
    less = nodes("MatMul", squared, nodes.array(measure.background[:, None]))
    measured = nodes("Sub", nodes("Add", last, own), less)
    return nodes("Div", nodes("Sub", measured, _number(nodes, measure.centre)), _number(nodes, measure.spread))


def _largest(nodes: Nodes, rows: str) -> str:
    found, _ = nodes.two("TopK", rows, nodes.whole(1), axis=1, largest=1, sorted=1)
    return found


def _number(nodes: Nodes, value: float) -> str:
    return nodes.array(np.array(value, np.float32))
