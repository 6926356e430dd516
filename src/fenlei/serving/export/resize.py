"""Fenlei's resize as ONNX nodes: the very arithmetic of `imaging.to_input`, level by level.

ONNX has a Resize operator, and it is not used: what ONNX Runtime makes of it differs from Pillow's bilinear resize by
up to 19 grey levels (measured on noise, 33 × 1000 to 224 × 224). Pillow's arithmetic is simple enough to be written
down: for each side a matrix of weights, rounded to 1/2^22; two passes, each of which rounds to whole levels. The
weights are worked out in the network from the size of the picture, in doubles as Pillow does it; the passes are
products of whole numbers, with the weights cut into three bytes, so that every sum is exact on every machine.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image

from fenlei.backbones.onnx_nodes import Nodes
from fenlei.imaging import InputSpec, Policy

_UNIT = float(1 << 22)
"""What Pillow counts weights in: it keeps 22 bits behind the point."""


class _Side(NamedTuple):
    """One side of the picture, by the names of its values, all doubles.

    Attributes:
        length: pixels of the picture.
        begin: where the part begins that is used, as a 32-bit number: Pillow keeps it so.
        span: length of that part, as the difference of two 32-bit numbers.
        wanted: pixels it becomes.
        total: pixels of the input, bars included.
        before: pixels of the bar before it.
    """

    length: str
    begin: str
    span: str
    wanted: str
    total: str
    before: str


def add_resize(nodes: Nodes, picture: str, spec: InputSpec) -> str:
    """Add nodes that bring a picture to the network's rectangle.

    Args:
        nodes: where to.
        picture: name of a uint8 value (height, width, 3).
        spec: size, policy and fill.

    Returns:
        Name of a uint8 value (1, spec.height, spec.width, 3).
    """
    shape = nodes("Shape", picture)
    height = nodes.cast(nodes("Gather", shape, nodes.array(np.array(0, np.int64)), axis=0), "double")
    width = nodes.cast(nodes("Gather", shape, nodes.array(np.array(1, np.int64)), axis=0), "double")
    down, across = _sides(nodes, height, width, spec)
    rows_first = _rows_first(nodes, down, across)

    # The side that is done first lies last, where a product wants it; the other lies first: (other, 3, first).
    turned = nodes.branch(
        rows_first, ("Transpose", [picture], {"perm": [1, 2, 0]}), ("Transpose", [picture], {"perm": [0, 2, 1]})
    )
    first = _Side(*(nodes("Where", rows_first, one, other) for one, other in zip(down, across, strict=True)))
    second = _Side(*(nodes("Where", rows_first, other, one) for one, other in zip(down, across, strict=True)))

    flat = nodes("Reshape", turned, nodes("Concat", nodes.whole(-1), _size(nodes, first.length), axis=0))
    once = _products(nodes, flat, _weights(nodes, first), weights_first=False)
    wide = nodes("Reshape", once, nodes("Concat", _size(nodes, second.length), nodes.whole(-1), axis=0))
    twice = _products(nodes, wide, _weights(nodes, second), weights_first=True)
    sizes = nodes("Concat", _size(nodes, second.total), nodes.whole(3), _size(nodes, first.total), axis=0)
    done = nodes("Reshape", twice, sizes)
    upright = nodes.branch(
        rows_first, ("Transpose", [done], {"perm": [2, 0, 1]}), ("Transpose", [done], {"perm": [0, 2, 1]})
    )
    resized = nodes("Reshape", upright, nodes.whole(1, spec.height, spec.width, 3))
    if spec.policy is not Policy.LETTERBOX:
        return resized
    inside = nodes("And", _inside(nodes, down, [spec.height, 1, 1]), _inside(nodes, across, [1, spec.width, 1]))
    return nodes("Where", inside, resized, nodes.array(np.array(spec.fill, np.uint8)))


def tall_pictures_rows_first() -> bool:
    """Whether this machine's Pillow resizes tall pictures rows first, as Pillow 13 does; older ones never do.

    The order decides which of the two roundings comes first: a level here and there.
    """
    noise = np.random.default_rng(0).integers(0, 256, (48, 8, 3)).astype(np.uint8)
    lying = Image.fromarray(np.ascontiguousarray(noise.transpose(1, 0, 2)))
    standing = Image.fromarray(noise).resize((6, 6), Image.Resampling.BILINEAR)
    # A picture on its side is done columns first by every Pillow: the same order as rows first of the standing one.
    turned = np.asarray(lying.resize((6, 6), Image.Resampling.BILINEAR)).transpose(1, 0, 2)
    return bool(np.array_equal(np.asarray(standing), turned))


def _sides(nodes: Nodes, height: str, width: str, spec: InputSpec) -> tuple[_Side, _Side]:
    """What becomes of each side: `imaging.resize._plan`, in the same doubles."""
    high, wide, zero = nodes.number(spec.height), nodes.number(spec.width), nodes.number(0)
    whole_down = _Side(height, zero, height, high, high, zero)
    whole_across = _Side(width, zero, width, wide, wide, zero)
    if spec.policy is Policy.SQUASH:
        return whole_down, whole_across
    ratios = nodes("Div", high, height), nodes("Div", wide, width)
    if spec.policy is Policy.LETTERBOX:
        scale = nodes("Min", *ratios)
        return _boxed(nodes, whole_down, scale), _boxed(nodes, whole_across, scale)
    scale = nodes("Max", *ratios)
    return _cropped(nodes, whole_down, scale), _cropped(nodes, whole_across, scale)


def _boxed(nodes: Nodes, side: _Side, scale: str) -> _Side:
    """The whole side, shorter than the input's, in the middle of it."""
    near = nodes("Round", nodes("Mul", side.length, scale))
    wanted = nodes("Max", nodes.number(1), nodes("Min", side.total, near))
    before = nodes("Floor", nodes("Div", nodes("Sub", side.total, wanted), nodes.number(2)))
    return side._replace(wanted=wanted, before=before)


def _cropped(nodes: Nodes, side: _Side, scale: str) -> _Side:
    """The middle of the side."""
    kept = nodes("Min", side.length, nodes("Div", side.total, scale))
    begin = nodes("Div", nodes("Sub", side.length, kept), nodes.number(2))
    begin_short, end_short = nodes.cast(begin, "float"), nodes.cast(nodes("Add", begin, kept), "float")
    span = nodes.cast(nodes("Sub", end_short, begin_short), "double")
    return side._replace(begin=nodes.cast(begin_short, "double"), span=span)


def _rows_first(nodes: Nodes, down: _Side, across: _Side) -> str:
    """Whether rows are resized before columns: where that leaves fewer pixels to do, by Pillow's rule of thumb."""
    if not tall_pictures_rows_first():
        return nodes.array(np.array(False))
    fewer = nodes("Sub", down.length, down.wanted)
    more = nodes("Mul", nodes("Sub", across.length, across.wanted), nodes.number(2))
    return nodes("And", nodes("Greater", fewer, nodes.number(0)), nodes("Greater", fewer, more))


def _weights(nodes: Nodes, side: _Side) -> tuple[str, str, str]:
    """Three uint8 matrices (total, length): the bytes of how much of each pixel goes into each new one, high to low.

    New pixels in the bars get nothing.
    """
    half, one, zero = nodes.number(0.5), nodes.number(1), nodes.number(0)
    place = nodes("Sub", nodes("Range", zero, side.total, one), side.before)
    scale = nodes("Div", side.span, side.wanted)
    reach = nodes("Max", scale, one)
    centre = nodes("Add", side.begin, nodes("Mul", nodes("Add", place, half), scale))
    low = nodes("Max", nodes("Floor", nodes("Add", nodes("Sub", centre, reach), half)), zero)
    high = nodes("Min", nodes("Floor", nodes("Add", nodes("Add", centre, reach), half)), side.length)
    in_it = nodes("And", nodes("Not", nodes("Less", place, zero)), nodes("Less", place, side.wanted))
    column = nodes.whole(-1, 1)
    centre, low, high, in_it = (nodes("Reshape", value, column) for value in (centre, low, high, in_it))

    pixel = nodes("Range", zero, side.length, one)
    apart = nodes("Mul", nodes("Add", nodes("Sub", pixel, centre), half), nodes("Div", one, reach))
    slope = nodes("Max", zero, nodes("Sub", one, nodes("Abs", apart)))
    near = nodes("And", nodes("Not", nodes("Less", pixel, low)), nodes("Less", pixel, high))
    raw = nodes("Where", nodes("And", near, in_it), slope, zero)
    ones = nodes("ConstantOfShape", nodes("Concat", _size(nodes, side.length), nodes.whole(1), axis=0))
    total = nodes("MatMul", raw, nodes.cast(nodes("Add", ones, nodes.array(np.array(1, np.float32))), "double"))
    share = nodes("Div", raw, nodes("Where", nodes("Greater", total, zero), total, one))
    units = nodes("Floor", nodes("Add", nodes("Mul", share, nodes.number(_UNIT)), half))

    top = nodes("Floor", nodes("Div", units, nodes.number(65536)))
    rest = nodes("Sub", units, nodes("Mul", top, nodes.number(65536)))
    middle = nodes("Floor", nodes("Div", rest, nodes.number(256)))
    bottom = nodes("Sub", rest, nodes("Mul", middle, nodes.number(256)))
    return nodes.cast(top, "uint8"), nodes.cast(middle, "uint8"), nodes.cast(bottom, "uint8")


def _products(nodes: Nodes, levels: str, weights: tuple[str, str, str], *, weights_first: bool) -> str:
    """One pass: levels (uint8) by weights, rounded to whole levels."""
    byte, sums = nodes.array(np.array(256, np.int32)), ""
    for part in weights:
        if weights_first:
            product = nodes("MatMulInteger", part, levels)
        else:
            product = nodes("MatMulInteger", levels, nodes("Transpose", part, perm=[1, 0]))
        sums = product if not sums else nodes("Add", nodes("Mul", sums, byte), product)
    rounded = nodes("Add", sums, nodes.array(np.array(_UNIT / 2, np.int32)))
    return nodes.cast(nodes("Div", rounded, nodes.array(np.array(_UNIT, np.int32))), "uint8")


def _inside(nodes: Nodes, side: _Side, shape: list[int]) -> str:
    """Which pixels of the input are no bar: truth values along one side, shaped to meet the other's."""
    place = nodes("Sub", nodes("Range", nodes.number(0), side.total, nodes.number(1)), side.before)
    held = nodes("And", nodes("Not", nodes("Less", place, nodes.number(0))), nodes("Less", place, side.wanted))
    return nodes("Reshape", held, nodes.whole(*shape))


def _size(nodes: Nodes, length: str) -> str:
    """A side as a shape wants it: one whole number in a row."""
    return nodes("Reshape", nodes.cast(length, "int64"), nodes.whole(1))
