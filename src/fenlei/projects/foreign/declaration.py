"""What nobody can read off an ONNX file and its owner has to say: the labels, and what is done to a picture."""

from __future__ import annotations

import math
from typing import Any, Literal, cast

import msgspec

from fenlei.contract.errors import FenleiError
from fenlei.imaging import InputSpec, Policy

SMALLEST, LARGEST = 16, 2048
"""Sides in pixels that make sense as the input of a network."""

_WORDS = {
    "outputs": ("logits", "probabilities"),
    "layout": ("NCHW", "NHWC"),
    "channels": ("RGB", "BGR"),
    "resize": tuple(Policy),
}

MOST_LABELS = 4000
MOST_LETTERS = 200


class BadDeclaration(FenleiError):
    """A declaration does not say what is needed.

    Attributes:
        field: which part of it; None where it is not one part.
    """

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class Declaration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a foreign network wants its pictures, and what its answers mean.

    A grey level 0-255 of a channel becomes `(level × scale - mean) / std`.

    Attributes:
        labels: class names, in the order of the network's outputs.
        size: side of its square input in pixels.
        mean: three numbers, in the order of `channels`.
        std: three numbers above 0, in the order of `channels`.
        outputs: `logits` (before softmax) or `probabilities` (after it, summing to one).
        scale: what a grey level is multiplied by first; 1/255 where the network was trained on 0 to 1.
        layout: `NCHW` or `NHWC`.
        channels: `RGB` or `BGR`.
        resize: `squash`, `letterbox` or `crop`: how a picture of another shape becomes the square.
        fill: grey level of letterbox bars.
        output: which output gives the scores, where there are several.
        licence: of the network, as its makers state it.
    """

    labels: list[str]
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    outputs: Literal["logits", "probabilities"]
    scale: float = 1 / 255
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    channels: Literal["RGB", "BGR"] = "RGB"
    resize: Literal["squash", "letterbox", "crop"] = "squash"
    fill: int = 127
    output: str | None = None
    licence: str = "not stated"

    @property
    def input(self) -> InputSpec:
        """The same as every model file says it."""
        return InputSpec(height=self.size, width=self.size, policy=Policy(self.resize), fill=self.fill)


def declared(said: bytes | dict[str, Any]) -> Declaration:
    """Read and check a declaration.

    Args:
        said: JSON text, or what was read of it.

    Raises:
        BadDeclaration: something is missing, unknown or cannot be; the text names it and what is allowed.
    """
    try:
        if isinstance(said, bytes):
            said = cast("dict[str, Any]", msgspec.json.decode(said))
        found = msgspec.convert(said, Declaration)
    except msgspec.ValidationError as exc:
        sentence, _, place = str(exc).partition(" - at `$")
        field = place.rstrip("`").lstrip(".").split("[")[0] or None
        where, allowed = f"`{field}`: " if field else "", ""
        if field is None and "field `" in sentence:  # missing or unknown
            field = sentence.split("`")[-2]
        elif field in _WORDS:
            allowed = f"; allowed are {', '.join(_WORDS[field])}"
        raise BadDeclaration(f"The declaration cannot be used: {where}{_lower(sentence)}{allowed}.", field) from exc
    except msgspec.DecodeError as exc:
        raise BadDeclaration(f"The declaration is no JSON: {_lower(str(exc))}.") from exc
    _check(found)
    return found


def _check(said: Declaration) -> None:
    if not 2 <= len(said.labels) <= MOST_LABELS:
        raise _bad("labels", f"has {len(said.labels)} entries; 2 to {MOST_LABELS} are allowed")
    for label in said.labels:
        if not label.strip() or len(label) > MOST_LETTERS or not label.isprintable():
            raise _bad("labels", f"holds {label!r}; a name has 1 to {MOST_LETTERS} visible characters")
    if len(set(said.labels)) != len(said.labels):
        twice = next(label for label in said.labels if said.labels.count(label) > 1)
        raise _bad("labels", f"holds {twice!r} more than once; every class needs a name of its own")
    if not SMALLEST <= said.size <= LARGEST:
        raise _bad("size", f"is {said.size}; whole pixels from {SMALLEST} to {LARGEST} are allowed")
    if not all(map(math.isfinite, said.mean)):
        raise _bad("mean", f"is {list(said.mean)}; three numbers are needed")
    if not all(math.isfinite(value) and value > 0 for value in said.std):
        raise _bad("std", f"is {list(said.std)}; three numbers above 0 are needed")
    if not (math.isfinite(said.scale) and said.scale > 0):
        raise _bad("scale", f"is {said.scale}; a number above 0 is needed, such as 1/255 = 0.00392157")
    if not 0 <= said.fill <= 255:
        raise _bad("fill", f"is {said.fill}; grey levels from 0 to 255 are allowed")


def _bad(field: str, what: str) -> BadDeclaration:
    return BadDeclaration(f"The declaration cannot be used: `{field}` {what}.", field)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")
