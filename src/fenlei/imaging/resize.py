"""The one resize: from a picture of any shape to the rectangle a network wants.

Pillow's bilinear with antialiasing, once: every pixel of the picture has its share in the result. Sampling only the
nearest few, as OpenCV's linear resize does, is cheaper still and changed the class of half the photographs it was tried
on. Figures: docs/adr/0001-one-decode-and-resize.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fenlei.imaging.errors import Unreadable
from fenlei.imaging.spec import METHOD, InputSpec, Policy

OVERSAMPLE = 2
"""How many times finer than the network's input a picture is decoded before the resize."""

Box = tuple[float, float, float, float]


def to_input(array: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    """Bring an upright RGB picture to the network's rectangle by the spec's policy.

    Args:
        array: (height, width, 3) uint8.
        spec: size and policy.

    Returns:
        (spec.height, spec.width, 3) uint8, C-contiguous.

    Raises:
        Unreadable: the array is not an RGB picture, or the spec asks for pixel arithmetic of another version.
    """
    if spec.method != METHOD:
        raise Unreadable(
            f"This input is made by the method {spec.method!r}; this version of Fenlei only knows {METHOD!r}. "
            "Train the model again, or use the version that made it."
        )
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise Unreadable(
            f"An array of shape {array.shape} and type {array.dtype} is no RGB picture; "
            "(height, width, 3) of type uint8 is needed."
        )
    height, width = array.shape[:2]
    rows, columns, box = _plan(width, height, spec)
    resized = np.asarray(
        Image.fromarray(array).resize((columns, rows), Image.Resampling.BILINEAR, box=box), dtype=np.uint8
    )
    if (rows, columns) == (spec.height, spec.width):
        return np.ascontiguousarray(resized)
    sheet = np.full((spec.height, spec.width, 3), spec.fill, np.uint8)
    top, left = (spec.height - rows) // 2, (spec.width - columns) // 2
    sheet[top : top + rows, left : left + columns] = resized
    return sheet


def wanted_size(width: int, height: int, spec: InputSpec) -> tuple[int, int]:
    """How large a picture of this upright size must be decoded: (height, width), for `decode(at_least=…)`."""
    rows, columns, (left, top, right, bottom) = _plan(width, height, spec)
    # A crop resizes only its box; the rest of the picture must be decoded as finely as the box.
    return (
        int(-(-OVERSAMPLE * rows * height // (bottom - top))),
        int(-(-OVERSAMPLE * columns * width // (right - left))),
    )


def from_input(values: NDArray[np.float32], spec: InputSpec, size: tuple[int, int]) -> NDArray[np.float32]:
    """Bring numbers that stand on a network's input back onto the picture that it was made of.

    Args:
        values: (spec.height, spec.width).
        spec: of the input.
        size: (height, width) of the upright picture, or of a smaller copy of it.

    Returns:
        (height, width) float32; 0 where the network saw nothing of the picture.
    """
    height, width = size
    rows, columns, (left, top, right, bottom) = _plan(width, height, spec)
    above, before = (spec.height - rows) // 2, (spec.width - columns) // 2
    seen = Image.fromarray(np.ascontiguousarray(values[above : above + rows, before : before + columns], np.float32))
    # At least one pixel of the picture was seen: the box has the shape of the input.
    first, last = (round(top), round(left)), (max(round(bottom), round(top) + 1), max(round(right), round(left) + 1))
    patch = seen.resize((last[1] - first[1], last[0] - first[0]), Image.Resampling.BILINEAR)
    found = np.zeros((height, width), np.float32)
    found[first[0] : last[0], first[1] : last[1]] = np.asarray(patch)[: height - first[0], : width - first[1]]
    return found


def _plan(width: int, height: int, spec: InputSpec) -> tuple[int, int, Box]:
    """Rows and columns to resize to, and the part of the picture that goes there."""
    whole = (0.0, 0.0, float(width), float(height))
    if spec.policy is Policy.SQUASH:
        return spec.height, spec.width, whole
    across, down = spec.width / width, spec.height / height
    if spec.policy is Policy.LETTERBOX:
        scale = min(across, down)
        return max(1, min(spec.height, round(height * scale))), max(1, min(spec.width, round(width * scale))), whole
    scale = max(across, down)
    kept_width, kept_height = min(float(width), spec.width / scale), min(float(height), spec.height / scale)
    left, top = (width - kept_width) / 2, (height - kept_height) / 2
    return spec.height, spec.width, (left, top, left + kept_width, top + kept_height)
