"""Operators that work number by number, or sum numbers up. Imported once torch is known to be there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from fenlei.backbones.differentiable.node import Node, Operator

DTYPES = {
    1: torch.float32,
    2: torch.uint8,
    3: torch.int8,
    5: torch.int16,
    6: torch.int32,
    7: torch.int64,
    9: torch.bool,
    10: torch.float16,
    11: torch.float64,
    16: torch.bfloat16,
}
"""torch's name for ONNX's number of a type."""


def _divide(node: Node, one: Any, other: Any) -> Any:
    whole = not (one.is_floating_point() or other.is_floating_point())
    return torch.div(one, other, rounding_mode="trunc" if whole else None)


def _modulo(node: Node, one: Any, other: Any) -> Any:
    return torch.fmod(one, other) if node.get("fmod", 0) else torch.remainder(one, other)


def _clip(node: Node, x: Any, low: Any = None, high: Any = None) -> Any:
    low, high = (node.get(name) if given is None else given for name, given in (("min", low), ("max", high)))
    if low is None and high is None:
        return x
    return torch.clamp(x, low, high)


def _gelu(node: Node, x: Any) -> Any:
    return functional.gelu(x, approximate=node.get("approximate", "none"))


def _softmax(function: Callable[..., Any]) -> Operator:
    def operator(node: Node, x: Any) -> Any:
        if node.opset >= 13:
            return function(x, dim=node.get("axis", -1))
        axis = node.get("axis", 1)  # older sets take everything from the axis on as one row
        return function(x.flatten(axis), dim=-1).reshape(x.shape) if axis else function(x.flatten(), 0).reshape(x.shape)

    return operator


def _reduce(function: Callable[..., Any]) -> Operator:
    def operator(node: Node, x: Any, axes: Any = None) -> Any:
        found = node.numbers("axes", axes)
        if not found:
            if node.get("noop_with_empty_axes", 0):
                return x
            found = list(range(x.ndim))
        return function(x, found, bool(node.get("keepdims", 1)))

    return operator


def _fold(function: Callable[[Any, Any], Any]) -> Operator:
    def operator(node: Node, first: Any, *others: Any) -> Any:
        for other in others:
            first = function(first, other)
        return first

    return operator


def _length(x: Any, axes: list[int], keep: bool) -> Any:
    return torch.linalg.vector_norm(x, dim=axes, keepdim=keep)


ELEMENTWISE: dict[str, Operator] = {
    "Abs": lambda node, x: torch.abs(x),
    "Add": lambda node, one, other: one + other,
    "Cast": lambda node, x: x.to(DTYPES[node.get("to")]),
    "CastLike": lambda node, x, like: x.to(like.dtype),
    "Clip": _clip,
    "Div": _divide,
    "Dropout": lambda node, x, *rest: x,
    "Elu": lambda node, x: functional.elu(x, node.get("alpha", 1.0)),
    "Erf": lambda node, x: torch.erf(x),
    "Exp": lambda node, x: torch.exp(x),
    "Gelu": _gelu,
    "HardSigmoid": lambda node, x: torch.clamp(node.get("alpha", 0.2) * x + node.get("beta", 0.5), 0, 1),
    "HardSwish": lambda node, x: functional.hardswish(x),
    "Identity": lambda node, x: x,
    "LeakyRelu": lambda node, x: functional.leaky_relu(x, node.get("alpha", 0.01)),
    "Log": lambda node, x: torch.log(x),
    "Max": _fold(torch.maximum),
    "Min": _fold(torch.minimum),
    "Mod": _modulo,
    "Mul": lambda node, one, other: one * other,
    "Neg": lambda node, x: -x,
    "PRelu": lambda node, x, slope: torch.where(x < 0, slope * x, x),
    "Pow": lambda node, one, other: torch.pow(one, other).to(one.dtype),
    "Reciprocal": lambda node, x: torch.reciprocal(x),
    "Relu": lambda node, x: torch.relu(x),
    "Sigmoid": lambda node, x: torch.sigmoid(x),
    "Softplus": lambda node, x: functional.softplus(x),
    "Sqrt": lambda node, x: torch.sqrt(x),
    "Sub": lambda node, one, other: one - other,
    "Sum": _fold(torch.add),
    "Tanh": lambda node, x: torch.tanh(x),
}
"""What leaves every number at its place."""

ARITHMETIC: dict[str, Operator] = ELEMENTWISE | {
    "LogSoftmax": _softmax(torch.log_softmax),
    "ReduceL2": _reduce(_length),
    "ReduceMax": _reduce(lambda x, axes, keep: torch.amax(x, axes, keepdim=keep)),
    "ReduceMean": _reduce(lambda x, axes, keep: torch.mean(x, axes, keepdim=keep)),
    "ReduceMin": _reduce(lambda x, axes, keep: torch.amin(x, axes, keepdim=keep)),
    "ReduceSum": _reduce(lambda x, axes, keep: torch.sum(x, axes, keepdim=keep)),
    "Softmax": _softmax(torch.softmax),
}
