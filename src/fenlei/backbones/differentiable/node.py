"""One step of an ONNX network, as its operator wants to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Operator = Callable[..., Any]
"""(node, *inputs) -> a tensor, or a tuple of several. Inputs that were left out are None."""


class Untold(Exception):
    """The operator is known, this way of using it is not; the text says which way."""


@dataclass(frozen=True)
class Node:
    """One step.

    Attributes:
        kind: name of the operator.
        inputs: names of tensors; empty where one is left out.
        outputs: names of tensors.
        attributes: by name; text as text, tensors as torch tensors.
        opset: version of the operator set the file is written in.
    """

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    opset: int

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute, or what it is where the file does not say."""
        return self.attributes.get(name, default)

    def numbers(self, name: str, given: Any = None) -> list[int] | None:
        """Whole numbers that older operator sets have as an attribute and newer ones as an input; None for neither."""
        if given is not None:
            return [int(number) for number in given.reshape(-1)]
        told = self.attributes.get(name)
        return None if told is None else list(told)
