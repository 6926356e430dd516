"""Whether a network is one of ours: the right input, the right output, the size that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from fenlei.inference.engine import EngineError

ALLOWED = "A backbone network has one input, uint8 (n, height, width, 3), and one output, float32 (n, features)."


def check_network(
    inputs: Sequence[tuple[str, str, Sequence[int | None]]],
    outputs: Sequence[tuple[str, str, Sequence[int | None]]],
    size: tuple[int, int],
) -> None:
    """Compare what a network declares with what an engine is asked to run.

    Args:
        inputs: name, element type (`uint8`, `float32`, …) and shape of each input; None where the shape is open.
        outputs: the same of each output.
        size: height and width wanted.

    Raises:
        EngineError: it is another kind of network, or made for another size.
    """
    found = f"This one has inputs {_describe(inputs)} and outputs {_describe(outputs)}."
    if len(inputs) != 1 or len(outputs) != 1:
        raise EngineError(f"{ALLOWED} {found}")
    _, kind, shape = inputs[0]
    if kind != "uint8" or len(shape) != 4 or shape[3] not in {3, None}:
        raise EngineError(f"{ALLOWED} {found}")
    if outputs[0][1] != "float32" or len(outputs[0][2]) != 2:
        raise EngineError(f"{ALLOWED} {found}")
    if shape[0] not in {None, 1}:
        raise EngineError(f"This network runs {shape[0]} pictures at a time; one at a time, or any number, is needed.")
    if any(fixed not in {None, wanted} for fixed, wanted in zip(shape[1:3], size, strict=True)):
        raise EngineError(
            f"This network is made for pictures of height {shape[1]} and width {shape[2]} pixels, "
            f"and was asked to run {size[0]} and {size[1]}."
        )


def _describe(ports: Sequence[tuple[str, str, Sequence[int | None]]]) -> str:
    return ", ".join(f"`{name}` {kind} ({', '.join(str(n or '?') for n in shape)})" for name, kind, shape in ports)
