"""Write the nodes of an ONNX network one below the other, as one writes arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Nodes:
    """Nodes and constants of a graph under construction. Values are known by the names that the methods return.

    Only operators that mean the same in every operator set from 11 on are needed here, so that the nodes can stand
    beside a network of any age.

    Attributes:
        prefix: in front of every name, so that they never meet those of another network.
        made: the nodes, in order.
        constants: arrays by name.
    """

    def __init__(self, onnx: Any, prefix: str) -> None:
        """Begin an empty list.

        Args:
            onnx: the library.
            prefix: in front of every name.
        """
        self._onnx = onnx
        self.prefix = prefix
        self.made: list[Any] = []
        self.constants: dict[str, NDArray[Any]] = {}

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; returns the output's name."""
        name = f"{self.prefix}{len(self.made)}_{operator.lower()}"
        self.made.append(self._onnx.helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def two(self, operator: str, *inputs: str, **attributes: Any) -> tuple[str, str]:
        """Add a node with two outputs; returns their names."""
        name = f"{self.prefix}{len(self.made)}_{operator.lower()}"
        names = name, f"{name}_too"
        self.made.append(self._onnx.helper.make_node(operator, list(inputs), list(names), name=name, **attributes))
        return names

    def number(self, value: float) -> str:
        """A constant: one double."""
        return self.array(np.array(value, np.float64))

    def whole(self, *values: int) -> str:
        """A constant: whole numbers in a row, as shapes and positions are given."""
        return self.array(np.array(values, np.int64))

    def array(self, value: NDArray[Any]) -> str:
        """A constant array. Equal small constants are kept once."""
        for name, known in self.constants.items():
            if known.dtype == value.dtype and known.shape == value.shape and np.array_equal(known, value):
                return name
        name = f"{self.prefix}c{len(self.constants)}"
        self.constants[name] = value
        return name

    def cast(self, value: str, kind: str) -> str:
        """The same numbers as `double`, `float`, `int32`, `int64`, `uint8` …"""
        return self("Cast", value, to=getattr(self._onnx.TensorProto, kind.upper()))

    def branch(self, condition: str, yes: Any, no: Any) -> str:
        """One of two nodes, depending on a condition; both make one output of the same rank.

        Args:
            condition: name of one truth value.
            yes: `(operator, inputs, attributes)` of the node that runs where it holds.
            no: the same of the other.
        """
        graphs = {}
        for word, (operator, inputs, attributes) in (("then_branch", yes), ("else_branch", no)):
            out = f"{self.prefix}{len(self.made)}_{word}"
            node = self._onnx.helper.make_node(operator, list(inputs), [out], **attributes)
            told = self._onnx.helper.make_empty_tensor_value_info(out)
            graphs[word] = self._onnx.helper.make_graph([node], word, [], [told])
        return self("If", condition, **graphs)

    def initializers(self) -> list[Any]:
        """The constants as the graph wants them."""
        return [self._onnx.numpy_helper.from_array(value, name) for name, value in self.constants.items()]
