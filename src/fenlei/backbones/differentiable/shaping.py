"""Operators that move, cut and compare numbers, and those that reckon with shapes. Imported once torch is there."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from fenlei.backbones.differentiable.node import Node, Operator, Untold

PAD_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}


def _constant(node: Node) -> Any:
    (name, value), *_ = node.attributes.items()
    if name == "value":
        return value
    if name not in {"value_float", "value_floats", "value_int", "value_ints"}:
        raise Untold(f"with {name}")
    return torch.tensor(value, dtype=torch.float32 if name.startswith("value_float") else torch.int64)


def _constant_of_shape(node: Node, shape: Any) -> Any:
    fill = node.get("value")
    fill = torch.zeros(1) if fill is None else fill
    return torch.full(shape.tolist(), fill.item(), dtype=fill.dtype)


def _shape(node: Node, x: Any) -> Any:
    return torch.tensor(list(x.shape)[node.get("start", 0) : node.get("end")], dtype=torch.int64)


def _reshape(node: Node, x: Any, shape: Any) -> Any:
    sides = shape.tolist()
    if not node.get("allowzero", 0):
        sides = [x.shape[place] if side == 0 else side for place, side in enumerate(sides)]
    return x.reshape(sides)


def _flatten(node: Node, x: Any) -> Any:
    axis = node.get("axis", 1) % (x.ndim + 1)
    rows = 1
    for side in x.shape[:axis]:
        rows *= side
    return x.reshape(rows, -1)


def _squeeze(node: Node, x: Any, axes: Any = None) -> Any:
    found = node.numbers("axes", axes)
    return x.squeeze() if found is None else x.squeeze(tuple(found))


def _unsqueeze(node: Node, x: Any, axes: Any = None) -> Any:
    found = node.numbers("axes", axes) or []
    rank = x.ndim + len(found)
    for axis in sorted(axis % rank for axis in found):
        x = x.unsqueeze(axis)
    return x


def _transpose(node: Node, x: Any) -> Any:
    return x.permute(node.get("perm") or list(range(x.ndim))[::-1])


def _expand(node: Node, x: Any, shape: Any) -> Any:
    sides, lacking = shape.tolist(), max(0, x.ndim - len(shape))
    sides = [1] * lacking + sides
    rows = (1,) * (len(sides) - x.ndim) + tuple(x.shape)  # either side may be the one that is repeated
    return x.expand([max(row, side) if row and side else 0 for row, side in zip(rows, sides, strict=True)])


def _split(node: Node, x: Any, split: Any = None) -> Any:
    axis = node.get("axis", 0)
    sizes = node.numbers("split", split)
    if sizes is None:
        sizes = [-(-x.shape[axis] // len(node.outputs))] * len(node.outputs)
        sizes[-1] = x.shape[axis] - sum(sizes[:-1])
    return torch.split(x, sizes, dim=axis)


def _slice(node: Node, x: Any, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None) -> Any:
    first, last = node.numbers("starts", starts) or [], node.numbers("ends", ends) or []
    along = node.numbers("axes", axes) or list(range(len(first)))
    stride = node.numbers("steps", steps) or [1] * len(first)
    for start, end, axis, step in zip(first, last, along, stride, strict=True):
        rows = range(*slice(start, end, step).indices(x.shape[axis]))
        x = x.index_select(axis, torch.tensor(list(rows), dtype=torch.int64))
    return x


def _gather(node: Node, x: Any, indices: Any) -> Any:
    axis = node.get("axis", 0) % x.ndim
    rows = torch.where(indices < 0, indices + x.shape[axis], indices).reshape(-1)
    return x.index_select(axis, rows).reshape([*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]])


def _pad(node: Node, x: Any, pads: Any = None, fill: Any = None, axes: Any = None) -> Any:
    sides = node.numbers("pads", pads) or []
    along = node.numbers("axes", axes) or list(range(x.ndim))
    mode = node.get("mode", "constant")
    if mode not in PAD_MODES:
        raise Untold(f"in mode {mode}")
    around = [(0, 0)] * x.ndim
    for place, axis in enumerate(along):
        around[axis] = (sides[place], sides[place + len(along)])
    if not any(map(any, around)):
        return x
    if mode == "constant":
        value = node.get("value", 0.0) if fill is None else fill.item()
        return functional.pad(x, [side for pair in reversed(around) for side in pair], value=value)
    if any(map(any, around[:2])):
        raise Untold(f"in mode {mode} across pictures or channels")
    return functional.pad(x, [side for pair in reversed(around[2:]) for side in pair], mode=PAD_MODES[mode])


SHAPING: dict[str, Operator] = {
    "And": lambda node, one, other: torch.logical_and(one, other),
    "Concat": lambda node, *parts: torch.cat(parts, dim=node.get("axis")),
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Equal": lambda node, one, other: one == other,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Greater": lambda node, one, other: one > other,
    "GreaterOrEqual": lambda node, one, other: one >= other,
    "Less": lambda node, one, other: one < other,
    "LessOrEqual": lambda node, one, other: one <= other,
    "Not": lambda node, x: torch.logical_not(x),
    "Or": lambda node, one, other: torch.logical_or(one, other),
    "Pad": _pad,
    "Range": lambda node, start, limit, step: torch.arange(start.item(), limit.item(), step.item(), dtype=start.dtype),
    "Reshape": _reshape,
    "Shape": _shape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": lambda node, x, repeats: x.repeat(*repeats.tolist()),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": lambda node, condition, one, other: torch.where(condition, one, other),
}
