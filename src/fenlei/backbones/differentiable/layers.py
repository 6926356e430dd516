"""Operators with weights or windows: convolutions, pools, normalisations. Imported once torch is known to be there."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from fenlei.backbones.differentiable.node import Node, Operator, Untold


def _around(node: Node, x: Any, window: list[int], strides: list[int], dilations: list[int]) -> list[tuple[int, int]]:
    """(before, after) each spatial axis."""
    auto = node.get("auto_pad", "NOTSET")
    if auto == "VALID":
        return [(0, 0)] * len(window)
    if auto == "NOTSET":
        pads = node.get("pads") or [0] * 2 * len(window)
        return list(zip(pads[: len(window)], pads[len(window) :], strict=True))
    around = []
    for side, wide, stride, dilation in zip(x.shape[2:], window, strides, dilations, strict=True):
        lacking = max(0, (-(-side // stride) - 1) * stride + (wide - 1) * dilation + 1 - side)
        small, large = lacking // 2, lacking - lacking // 2
        around.append((small, large) if auto == "SAME_UPPER" else (large, small))
    return around


def _padded(x: Any, around: list[tuple[int, int]], value: float) -> Any:
    if not any(map(any, around)):
        return x
    return functional.pad(x, [side for pair in reversed(around) for side in pair], value=value)


def _conv(node: Node, x: Any, weight: Any, bias: Any = None) -> Any:
    axes = weight.ndim - 2
    if axes not in {1, 2, 3}:
        raise Untold(f"over {axes} axes")
    strides, dilations = node.get("strides") or [1] * axes, node.get("dilations") or [1] * axes
    around = _around(node, x, list(weight.shape[2:]), strides, dilations)
    convolve = (functional.conv1d, functional.conv2d, functional.conv3d)[axes - 1]
    even = all(before == after for before, after in around)
    inside = [before for before, _ in around] if even else 0
    given = x if even else _padded(x, around, 0.0)
    return convolve(given, weight, bias, strides, inside, dilations, node.get("group", 1))


def _max_pool(node: Node, x: Any) -> Any:
    window, strides, dilations = _window(node)
    padded = _padded(x, _around(node, x, window, strides, dilations), float("-inf"))
    return functional.max_pool2d(padded, window, strides, 0, dilations, ceil_mode=bool(node.get("ceil_mode", 0)))


def _average_pool(node: Node, x: Any) -> Any:
    window, strides, dilations = _window(node)
    if set(dilations) != {1}:
        raise Untold("with dilations")
    around, ceil = _around(node, x, window, strides, dilations), bool(node.get("ceil_mode", 0))
    means = functional.avg_pool2d(_padded(x, around, 0.0), window, strides, ceil_mode=ceil)
    if node.get("count_include_pad", 0) or not any(map(any, around)):
        return means
    # What was padded does not count: the mean is divided by the share of the window that lies on the map.
    inside = functional.avg_pool2d(_padded(torch.ones_like(x[:1, :1]), around, 0.0), window, strides, ceil_mode=ceil)
    return means / inside


def _window(node: Node) -> tuple[list[int], list[int], list[int]]:
    window = node.get("kernel_shape")
    if len(window) != 2:
        raise Untold(f"over {len(window)} axes")
    return window, node.get("strides") or [1, 1], node.get("dilations") or [1, 1]


def _batch_norm(node: Node, x: Any, scale: Any, bias: Any, mean: Any, variance: Any) -> Any:
    return functional.batch_norm(x, mean, variance, scale, bias, training=False, eps=node.get("epsilon", 1e-5))


def _layer_norm(node: Node, x: Any, scale: Any, bias: Any = None) -> Any:
    axes = list(range(node.get("axis", -1) % x.ndim, x.ndim))
    centred = x - x.mean(axes, keepdim=True)
    spread = torch.sqrt((centred * centred).mean(axes, keepdim=True) + node.get("epsilon", 1e-5))
    scaled = centred / spread * scale
    return scaled if bias is None else scaled + bias


def _lp_norm(node: Node, x: Any) -> Any:
    return functional.normalize(x, p=node.get("p", 2), dim=node.get("axis", -1))


def _gemm(node: Node, one: Any, other: Any, bias: Any = None) -> Any:
    left = one.T if node.get("transA", 0) else one
    right = other.T if node.get("transB", 0) else other
    product = node.get("alpha", 1.0) * (left @ right)
    return product if bias is None else product + node.get("beta", 1.0) * bias


def _resize(node: Node, x: Any, region: Any = None, scales: Any = None, sizes: Any = None) -> Any:
    mode, where = node.get("mode", "nearest"), node.get("coordinate_transformation_mode", "half_pixel")
    rounding = node.get("nearest_mode", "round_prefer_floor")
    aligned = {"align_corners": where == "align_corners"}
    known: dict[tuple[str, str], dict[str, Any]] = {
        ("nearest", "asymmetric"): {"mode": "nearest"} if rounding == "floor" else {},
        ("nearest", "half_pixel"): {"mode": "nearest-exact"},
    }
    for name, torchs in (("linear", "bilinear"), ("cubic", "bicubic")):
        known |= {(name, each): {"mode": torchs} | aligned for each in ("half_pixel", "align_corners")}
    how = known.get((mode, where))
    if not how or x.ndim != 4 or node.get("antialias", 0):
        raise Untold(f"in mode {mode}, {where}")
    if sizes is not None:
        wanted = [int(side) for side in sizes[2:]]
    else:
        wanted = [int(side * float(scale)) for side, scale in zip(x.shape[2:], scales[2:], strict=True)]
    return functional.interpolate(x, size=wanted, **how)


WINDOWS: dict[str, Operator] = {
    "AveragePool": _average_pool,
    "Conv": _conv,
    "MaxPool": _max_pool,
    "Resize": _resize,
}
"""What makes maps: places beside each other in its output are so in the picture."""

NORMS: dict[str, Operator] = {
    "BatchNormalization": _batch_norm,
    "InstanceNormalization": lambda node, x, scale, bias: functional.instance_norm(
        x, weight=scale, bias=bias, eps=node.get("epsilon", 1e-5)
    ),
}

LAYERS: dict[str, Operator] = (
    WINDOWS
    | NORMS
    | {
        "Gemm": _gemm,
        "GlobalAveragePool": lambda node, x: x.mean(list(range(2, x.ndim)), keepdim=True),
        "GlobalMaxPool": lambda node, x: x.amax(list(range(2, x.ndim)), keepdim=True),
        "LayerNormalization": _layer_norm,
        "LpNormalization": _lp_norm,
        "MatMul": lambda node, one, other: torch.matmul(one, other),
    }
)
