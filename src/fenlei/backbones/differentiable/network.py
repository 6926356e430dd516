"""Follow an ONNX network in torch, operator by operator."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones.differentiable.cut import last_of, maps_in, needed, parts
from fenlei.backbones.differentiable.node import Node, Operator, Untold
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.needs import need

Cut = tuple[str, ...]
"""Names of tensors through which everything passes that a network knows of a picture."""


class TorchNetwork:
    """A backbone's network in torch. Safe from many threads at once.

    It takes one picture at a time: some networks are written for one.
    """

    def __init__(
        self, nodes: list[Node], constants: dict[str, Any], ends: tuple[str, str, list[int]], whence: str
    ) -> None:
        """Use `follow`."""
        from fenlei.backbones.differentiable.arithmetic import ARITHMETIC, ELEMENTWISE
        from fenlei.backbones.differentiable.layers import LAYERS, NORMS
        from fenlei.backbones.differentiable.shaping import SHAPING

        self._operators: dict[str, Operator] = ARITHMETIC | LAYERS | SHAPING
        self._keepers = frozenset(ELEMENTWISE) | frozenset(NORMS)
        self._first, self._end, self._shape = ends
        self._nodes = needed(nodes, (self._end,), {self._first})
        self._constants, self._whence = constants, whence
        unknown = sorted({node.kind for node in self._nodes} - set(self._operators))
        if unknown:
            raise BackboneError(f"{whence} has operators whose derivatives are not known here: {', '.join(unknown)}.")

    def cut(self, pixels: NDArray[np.float32], side: int) -> Cut:
        """The last maps with at least so many places to a side; the pixels where there are none, or where something
        gets past them.

        Args:
            pixels: (h, w, 3), any picture of the network's size.
            side: places.
        """
        shapes: dict[str, tuple[int, ...]] = {}
        self._run({self._first: _tensor(pixels)}, self._nodes, shapes)
        maps = maps_in(self._nodes, shapes, self._keepers)
        fine = {name for name in maps if min(shapes[name][2:]) >= side}
        found = last_of(self._nodes, fine)
        return found if parts(self._nodes, found, self._first, self._end) else (self._first,)

    def below(self, pixels: NDArray[np.float32], cut: Cut) -> list[Any]:
        """What the cut holds of a picture.

        Args:
            pixels: (h, w, 3), grey levels from 0 to 255 that need not be whole.
            cut: of `cut`.

        Returns:
            In the order of the cut: maps (1, c, h, w), or the pixels (1, h, w, 3).

        Raises:
            BackboneError: an operator is used in a way that cannot be followed.
        """
        values = {self._first: _tensor(pixels)}
        return self._run(values, needed(self._nodes, cut, {self._first}), keep=cut)

    def above(self, held: Sequence[Any], cut: Cut) -> Any:
        """Features (1, d) of what a cut holds; torch can tell their derivatives by that.

        Raises:
            BackboneError: as for `below`.
        """
        import torch

        # Where a network asks for the shape of its input, this one answers.
        blank = {self._first: torch.zeros(self._shape)}
        values = blank | dict(zip(cut, held, strict=True))
        return self._run(values, needed(self._nodes, (self._end,), set(cut)), keep=(self._end,))[0]

    def _run(
        self,
        values: dict[str, Any],
        nodes: Sequence[Node],
        shapes: dict[str, tuple[int, ...]] | None = None,
        keep: Sequence[str] = (),
    ) -> list[Any]:
        """Run nodes in order, and let go of what no later one wants."""
        values = self._constants | values
        last = {name: place for place, node in enumerate(nodes) for name in node.inputs}
        for place, node in enumerate(nodes):
            for name, value in zip(node.outputs, self._step(node, values), strict=False):
                values[name] = value
                if shapes is not None:
                    shapes[name] = tuple(value.shape)
            for name in node.inputs:
                if last[name] == place and name not in keep:
                    values.pop(name, None)
        return [values[name] for name in keep]

    def _step(self, node: Node, values: dict[str, Any]) -> tuple[Any, ...]:
        try:
            given = [values[name] if name else None for name in node.inputs]
            found = self._operators[node.kind](node, *given)
        except Untold as exc:
            raise BackboneError(f"{self._whence} has an operator {node.kind} {exc}, which is not known here.") from exc
        except (RuntimeError, ValueError, TypeError, IndexError, KeyError) as exc:
            line = next(iter(str(exc).splitlines()), type(exc).__name__)
            raise BackboneError(f"{self._whence} cannot be followed past an operator {node.kind}: {line}") from exc
        return found if isinstance(found, tuple) else (found,)


def follow(network: bytes | Path, purpose: str, whence: str) -> TorchNetwork:
    """A backbone's network, as every engine takes it, in torch.

    Args:
        network: an ONNX file or its bytes.
        purpose: what it is wanted for, ending a sentence that begins "torch is needed to".
        whence: what to call the network in errors.

    Raises:
        BackboneError: torch or onnx is not installed, the file cannot be read, or it has operators that cannot be
            followed; the sentence names them.
    """
    torch, onnx = need("torch", purpose), need("onnx", purpose)
    try:
        content = network if isinstance(network, bytes) else network.read_bytes()
        model = onnx.load_from_string(content)
        if model.functions:
            model = need("onnx.inliner", purpose).inline_local_functions(model)
    except OSError as exc:
        raise BackboneError(f"The network {network!s} cannot be read: {exc.strerror or exc}.") from exc
    except Exception as exc:
        raise BackboneError(f"{whence} is not an ONNX network: {exc}") from exc

    def tensor(proto: Any) -> Any:
        return torch.tensor(onnx.numpy_helper.to_array(proto))

    graph, opset = model.graph, {each.domain: each.version for each in model.opset_import}
    version = opset.get("", opset.get("ai.onnx", 1))
    constants = {proto.name: tensor(proto) for proto in graph.initializer}
    first = next(value for value in graph.input if value.name not in constants)
    shape = [side.dim_value or 1 for side in first.type.tensor_type.shape.dim]
    nodes = [_node(onnx, each, version, tensor) for each in graph.node]
    return TorchNetwork(nodes, constants, (first.name, graph.output[0].name, shape), whence)


def _node(onnx: Any, proto: Any, opset: int, tensor: Any) -> Node:
    attributes = {}
    for each in proto.attribute:
        value = onnx.helper.get_attribute_value(each)
        if isinstance(value, bytes):
            value = value.decode()
        elif isinstance(value, onnx.TensorProto):
            value = tensor(value)
        elif isinstance(value, Collection):
            value = list(value)
        attributes[each.name] = value
    kind = proto.op_type if proto.domain in {"", "ai.onnx"} else f"{proto.domain}.{proto.op_type}"
    return Node(kind, tuple(proto.input), tuple(proto.output), attributes, opset)


def _tensor(pixels: NDArray[np.float32]) -> Any:
    import torch

    return torch.tensor(np.ascontiguousarray(pixels[None], np.float32))
